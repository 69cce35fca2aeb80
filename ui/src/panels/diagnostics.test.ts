// Telltale's account of itself in words: what a healthy source and a hanging one read like, and which faults come first.
import { expect, it } from "vitest";
import type { Diagnostics, SourceStatus } from "../bindings";
import { accountFacts, costLine, faultRows, sourceRow } from "./diagnostics";

const plain = (text: string) => text.replaceAll("\u00a0", " ");
const well: SourceStatus = {
	source: "cpu",
	channel: "system/cpu",
	reason: null,
	detail: null,
	age: 1.2,
	duration: 0.0004,
	longest: 0.012,
	waiting: null,
	successes: 1234,
	failures: 0,
	busy: 0,
	panics: 0,
};

it("tells how a source does, and for how long one that hangs has been silent", () => {
	const row = sourceRow(well);
	expect([row.well, row.state, row.detail, row.samples, plain(row.took), plain(row.longest)]).toEqual([
		true,
		"current",
		"",
		"1,234",
		"0.4 ms",
		"12 ms",
	]);
	const hanging = sourceRow({
		...well,
		reason: "not_answering",
		detail: "No answer yet.",
		waiting: 65,
		duration: null,
	});
	expect(plain(hanging.state)).toBe("not answering (1 m 5 s)");
	expect([hanging.detail, hanging.well, hanging.took]).toEqual(["No answer yet.", false, "—"]);
});

it("lists the newest fault first, and says which last", () => {
	const rows = faultRows([
		{ channel: "system/gpu", reason: "lost", detail: null, from: 1000, to: 2000 },
		{ channel: "ticks", reason: "not_answering", detail: "3 ticks were skipped.", from: 3000, to: null },
	]);
	expect(rows.map((row) => row.channel)).toEqual(["ticks", "system/gpu"]);
	// Of another day: with the date.
	expect([rows[1]?.from, rows[1]?.to]).toEqual([
		expect.stringMatching(/\w+ \d+, \d\d:\d\d:\d\d/),
		expect.stringMatching(/\w+ \d+, \d\d:\d\d:\d\d/),
	]);
	expect(rows[0]).toMatchObject({ to: "ongoing", why: "not answering · 3 ticks were skipped." });
});

it("names the parts that were started anew, and the window's counts where there is a window", () => {
	const account: Diagnostics = {
		timestamp: 0,
		uptime: 3700,
		interval: 2,
		ticks: { done: 1850, late: 1, skipped: 0, incomplete: 2, longest_delay: 0.12 },
		sources: [well],
		history: { rows: 1800, columns: 70, bytes: 1_048_576 },
		faults: [],
		tasks: [
			{ name: "collector", restarts: 0, last_panic: null },
			{ name: "tray", restarts: 2, last_panic: "x" },
		],
		window: null,
		cost: null,
	};
	const said = (of: Diagnostics) => Object.fromEntries(accountFacts(of).map(({ name, value }) => [name, plain(value)]));
	expect(said(account)).toMatchObject({
		"Parts restarted": "tray 2",
		"Memory of the history": "1.0 MiB",
		Ticks: "1,850",
	});
	expect(said(account)["Events sent"]).toBeUndefined();
	const window = { events_sent: 9000, events_failed: 0, web_process_restarts: 1 };
	expect(said({ ...account, window })).toMatchObject({ "Events sent": "9,000", "Web process restarts": "1" });
	expect(said(account)["Memory of Telltale"]).toBeUndefined();
	const cost = { cpu: 0.42, cpu_seconds: 12.5, memory: 176_160_768, processes: 3 };
	expect(said({ ...account, cost })).toMatchObject({
		"Processor time of Telltale": "0.4 %",
		"Memory of Telltale": "168 MiB",
	});
});

it("says at the foot of the rail what Telltale takes, once both figures are there", () => {
	const cost = { cpu: 0.42, cpu_seconds: 12.5, memory: 176_160_768, processes: 3 };
	expect(plain(costLine(cost))).toBe("Telltale uses 0.4 % of a core, 168 MiB");
	expect([costLine({ ...cost, cpu: null }), costLine({ ...cost, memory: null }), costLine(null)]).toEqual(["", "", ""]);
});
