// Groups of facts about a device as they come together. What it does not report is collected with the reason, so that a card
// without ECC is not a page of dashes.
import type { Reason } from "../../bindings";
import { aside, pair } from "../../text";
import type { Fact } from "../facts";

export interface Group {
	title: string;
	facts: Fact[];
}

/** Facts that are missing for one reason. */
export interface Absent {
	reason: Reason;
	names: string[];
}

/** Collects them from two payloads, and what is missing in either. */
export class Groups {
	readonly groups: Group[] = [];
	private readonly absent = new Map<Reason, string[]>();

	constructor(
		private readonly missing: { [field in string]: Reason },
		/** Whether the figures are NVML's, so that its names are theirs. */
		private readonly nvml: boolean,
	) {}

	group(title: string): this {
		this.groups.push({ title, facts: [] });
		return this;
	}

	/** A fact by the name of NVML that it comes from; `field` is where it would be missing. */
	fact<T>(
		name: string,
		nvml: string,
		field: string,
		value: T | null | undefined,
		words: (value: T) => string,
		help = "",
	): this {
		const reason = this.missing[field];
		const source = this.nvml && nvml ? pair("NVML", nvml) : "";
		if (value != null) {
			const said = words(value);
			if (said)
				this.groups.at(-1)?.facts.push({
					name,
					value: said,
					help: help && source ? aside(help, source) : help || source,
				});
		} else if (reason) {
			const names = this.absent.get(reason) ?? [];
			if (!names.includes(name)) this.absent.set(reason, [...names, name]);
		}
		return this;
	}

	get notReported(): Absent[] {
		return [...this.absent].map(([reason, names]) => ({ reason, names }));
	}
}
