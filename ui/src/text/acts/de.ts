// What one does with the window, in German.
import type { ActMessages } from "./en";

export const deActs: ActMessages = {
	pausedAt: (time) => `Angehalten seit ${time}`,
	unzoom: "Zoom aufheben",
	summary: (name, now, min, mean, max) => `${name}: aktuell ${now}, Minimum ${min}, Mittel ${mean}, Maximum ${max}.`,
	summaryAt: (name, time, value, min, mean, max) =>
		`${name}: ${value} um ${time}, Minimum ${min}, Mittel ${mean}, Maximum ${max}.`,
	chartKeys:
		"Die Pfeiltasten bewegen das Fadenkreuz, Bild auf und Bild ab um ein Zehntel des Zeitraums, Pos1 und Ende an seine Enden; Esc entfernt es; Plus und Minus zoomen.",

	copy: "Werte kopieren",
	saveAs: "Speichern unter …",
	copied: "Kopiert",
	notCopied: "Die Zwischenablage hat die Werte abgelehnt",
	save: "Speichern",
	saveHelp: "Speichert je nach Endung den sichtbaren Zeitraum als CSV oder JSON oder die Diagramme als PNG (Strg+S).",
	saving: "Wird gespeichert …",
	saved: (path) => `Gespeichert: ${path}`,
	notSaved: (why) => `Nicht gespeichert: ${why}`,
	saveCancelled: "Speichern abgebrochen: Keine Datei wurde geändert",
	cancel: "Abbrechen",

	quit: "Telltale beenden",
	quitHelp:
		"Beendet auch die Aufzeichnung und das Symbol im Benachrichtigungsfeld; der Verlauf der letzten Stunde geht damit verloren (Strg+Q).",
};
