// What one does with the window, in English: stop and zoom the charts, read them by keys, copy, save, quit.

export const enActs = {
	pausedAt: (time: string) => `Paused at ${time}`,
	unzoom: "Reset zoom",
	summary: (name: string, now: string, min: string, mean: string, max: string) =>
		`${name}: now ${now}, minimum ${min}, mean ${mean}, maximum ${max}.`,
	/** The same of charts that stand still, with the time of the value. */
	summaryAt: (name: string, time: string, value: string, min: string, mean: string, max: string) =>
		`${name}: ${value} at ${time}, minimum ${min}, mean ${mean}, maximum ${max}.`,
	chartKeys:
		"Arrow keys move the crosshair, Page Up and Page Down by a tenth of the range, Home and End to its ends; Escape removes it; plus and minus zoom.",

	copy: "Copy figures",
	saveAs: "Save as…",
	copied: "Copied",
	notCopied: "The clipboard refused",
	save: "Save",
	saveHelp: "Saves the visible range as CSV or JSON, or the charts as PNG, by the file's extension (Ctrl+S).",
	saving: "Saving…",
	saved: (path: string) => `Saved ${path}`,
	notSaved: (why: string) => `Not saved: ${why}`,
	saveCancelled: "Saving cancelled: no file was changed",
	cancel: "Cancel",

	quit: "Quit Telltale",
	quitHelp: "Ends the recording and the tray too; the last hour's history goes with them (Ctrl+Q).",
};

export type ActMessages = typeof enActs;
