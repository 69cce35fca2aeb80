// What one does with the window, in Spanish.
import type { ActMessages } from "./en";

export const esActs: ActMessages = {
	pausedAt: (time) => `En pausa desde ${time}`,
	unzoom: "Quitar el zoom",
	summary: (name, now, min, mean, max) => `${name}: ahora ${now}, mínimo ${min}, media ${mean}, máximo ${max}.`,
	summaryAt: (name, time, value, min, mean, max) =>
		`${name}: ${value} a las ${time}, mínimo ${min}, media ${mean}, máximo ${max}.`,
	chartKeys:
		"Las teclas de flecha mueven la cruz, Re Pág y Av Pág una décima parte del periodo, Inicio y Fin hasta sus extremos; Esc la quita; más y menos amplían y reducen.",

	copy: "Copiar valores",
	saveAs: "Guardar como…",
	copied: "Copiado",
	notCopied: "El portapapeles rechazó los datos",
	save: "Guardar",
	saveHelp:
		"Guarda el periodo visible como CSV o JSON, o los gráficos como PNG, según la extensión del archivo (Ctrl+S).",
	saving: "Guardando…",
	saved: (path) => `Guardado: ${path}`,
	notSaved: (why) => `No guardado: ${why}`,
	saveCancelled: "Guardado cancelado: no se modificó ningún archivo",
	cancel: "Cancelar",

	quit: "Salir de Telltale",
	quitHelp:
		"Termina también el registro y el icono de la bandeja; con ello se pierde el historial de la última hora (Ctrl+Q).",
};
