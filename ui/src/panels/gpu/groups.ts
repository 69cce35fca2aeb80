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
	private readonly absent = new Map<Reason, { name: string; group: string }[]>();
	/** The titles of the groups that each name stands in, or is the title of. */
	private readonly known = new Map<string, Set<string>>();

	constructor(
		private readonly missing: { [field in string]: Reason },
		/** Whether the figures are NVML's, so that its names are theirs. */
		private readonly nvml: boolean,
	) {}

	group(title: string): this {
		this.groups.push({ title, facts: [] });
		this.know(title, title);
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
		const group = this.groups.at(-1)?.title ?? "";
		const source = this.nvml && nvml ? pair("NVML", nvml) : "";
		if (value != null) {
			const said = words(value);
			if (!said) return this;
			this.know(name, group);
			this.groups.at(-1)?.facts.push({
				name,
				value: said,
				help: help && source ? aside(help, source) : help || source,
			});
		} else if (reason) {
			this.know(name, group);
			this.absent.set(reason, [...(this.absent.get(reason) ?? []), { name, group }]);
		}
		return this;
	}

	get notReported(): Absent[] {
		/** Without its group a name may be taken for another's. */
		const alone = ({ name, group }: { name: string; group: string }) =>
			(this.known.get(name)?.size ?? 0) > 1 ? aside(name, group) : name;
		return [...this.absent].map(([reason, facts]) => ({ reason, names: [...new Set(facts.map(alone))] }));
	}

	private know(name: string, group: string): void {
		this.known.set(name, (this.known.get(name) ?? new Set()).add(group));
	}
}
