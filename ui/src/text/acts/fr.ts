// What one does with the window, in French.
import type { ActMessages } from "./en";

export const frActs: ActMessages = {
	pausedAt: (time) => `En pause depuis ${time}`,
	unzoom: "Annuler le zoom",
	summary: (name, now, min, mean, max) =>
		`${name}\u00a0: actuellement ${now}, minimum ${min}, moyenne ${mean}, maximum ${max}.`,
	summaryAt: (name, time, value, min, mean, max) =>
		`${name}\u00a0: ${value} à ${time}, minimum ${min}, moyenne ${mean}, maximum ${max}.`,
	chartKeys:
		"Les touches fléchées déplacent le réticule, Page préc. et Page suiv. d’un dixième de la période, Début et Fin jusqu’à ses bords\u202f; Échap le retire\u202f; plus et moins zooment.",

	copy: "Copier les valeurs",
	saveAs: "Enregistrer sous…",
	copied: "Copié",
	notCopied: "Le presse-papiers a refusé les données",
	save: "Enregistrer",
	saveHelp: "Enregistre la période visible en CSV ou JSON, ou les graphiques en PNG, selon l’extension (Ctrl+S).",
	saving: "Enregistrement…",
	saved: (path) => `Enregistré\u00a0: ${path}`,
	notSaved: (why) => `Non enregistré\u00a0: ${why}`,
	saveCancelled: "Enregistrement annulé\u00a0: aucun fichier n’a été modifié",
	cancel: "Annuler",

	quit: "Quitter Telltale",
	quitHelp:
		"Met aussi fin à l’enregistrement et à l’icône de notification\u202f; l’historique de la dernière heure est alors perdu (Ctrl+Q).",
};
