// A figure as a tile shows it: all of it in words.

export interface Said {
	value: string;
	/** With what it is out of. */
	unit: string;
	/** Why there is no value; empty where there is one. */
	why: string;
	/** 0–1: how full the bar below is; no bar without it. */
	share: number | null;
}
