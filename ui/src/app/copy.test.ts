// What lands on the clipboard.
import { expect, it } from "vitest";
import { figuresOf, panelOf } from "./copy";

document.body.innerHTML = `
	<section data-panel="gpu/0" aria-label="GPU 0"><h2>GPU 0 <span class="subtitle">RTX 4090</span></h2>
		<b data-label="Utilization"> 87\u00a0%</b>
		<span data-label="Utilization"><b>87</b>\u00a0<i>%</i></span>
		<span data-label="Memory"><b>19.4</b> / 24 GiB</span>
	</section>
	<section data-panel="gpu/1" aria-label="GPU 1">
		<ul class="legend"><li><b data-label="Utilization" data-figure="gpu/1/utilization">12\u00a0%</b></li></ul>
		<figure class="tile"><span data-label="Utilization" data-figure="gpu/1/utilization"><b>87</b>\u00a0<i>%</i></span></figure>
		<figure class="tile"><span data-label="Power" data-figure="gpu/1/power_draw">60 W</span></figure>
		<dl><dd data-label="Memory">19.4 GiB</dd><dd data-label="Memory">60 °C</dd></dl>
	</section>
	<section data-panel="uses" aria-label="Who uses it"><div class="body"><table>
		<thead><tr><th>Process</th><th>Size</th></tr></thead>
		<tbody><tr><td>python <i>41</i></td><td data-label="python">2.0\u00a0KiB</td></tr><tr><td>sh</td><td></td></tr></tbody>
	</table></div></section>
	<section data-panel="faults" aria-label="Faults"><div class="body"><p>None since the start.</p></div></section>
	<section data-panel="gpu" aria-label="No GPU figures"><div class="unavailable"><p>No driver.</p></div></section>
	<section data-panel="cpu" aria-label="CPU"><div class="unavailable"><p>failed</p><p>Nothing to do.</p></div></section>
	<section data-panel="memory" aria-label="Memory"><h2>Memory</h2><p class="stale">no sample for 10\u00a0m · <span>not answering</span></p>
		<ul class="legend"><li><b data-label="Used" data-figure="memory/ram_used">—</b><span class="why">asleep</span></li></ul>
		<span data-label="Used" data-figure="memory/ram_used"><b>—</b></span>
	</section>
	<p>outside</p>`;
const [one, paused, table, empty, none, advised, stale] = document.querySelectorAll<HTMLElement>("section");

it("is the panel's name, the time, and each figure once", () => {
	expect(one && figuresOf(one, null, 1_700_000_000_000)).toBe(
		"GPU 0  RTX 4090  2023-11-14T22:13:20.000Z\nUtilization: 87 %\nMemory: 19.4 / 24 GiB",
	);
});

it("is a figure once that the legend and a tile have, and both facts of one name", () => {
	expect(paused && figuresOf(paused, null, 0)).toBe(
		"GPU 1  1970-01-01T00:00:00.000Z\nUtilization: 12 %\nPower: 60 W\nMemory: 19.4 GiB\nMemory: 60 °C",
	);
});

it("is of the moment that charts are looked at, without what is of now; without a legend it is all of now", () => {
	expect(paused && figuresOf(paused, 1000, 9000)).toBe(
		"GPU 1  1970-01-01T00:00:01.000Z\nUtilization: 12 %\nMemory: 19.4 GiB\nMemory: 60 °C",
	);
	expect(one && figuresOf(one, 1000, 9000)).toMatch(/^GPU 0 {2}RTX 4090 {2}1970-01-01T00:00:09.000Z\n/);
});

it("is the rows of a table, their cells apart by tabs", () => {
	expect(table && figuresOf(table, null, null)).toBe("Who uses it\nProcess\tSize\npython 41\t2.0 KiB\nsh\t");
	expect(empty && figuresOf(empty, null, null)).toBe("Faults\nNone since the start.");
});

it("is the reason where there are no figures", () => {
	expect(none && figuresOf(none, null, null)).toBe("No GPU figures\nNo driver.");
	expect(advised && figuresOf(advised, null, null)).toBe("CPU\nfailed\nNothing to do.");
});

it("says that figures are older than the time, except of a moment, and why there is none", () => {
	const said = "Memory  1970-01-01T00:00:09.000Z  no sample for 10 m · not answering\nUsed: — asleep";
	expect(stale && figuresOf(stale, null, 9000)).toBe(said);
	expect(stale && figuresOf(stale, 1000, 9000)).toBe("Memory  1970-01-01T00:00:01.000Z\nUsed: — asleep");
});

it("belongs to the panel that the focus or the pointer is in", () => {
	expect(panelOf(document.querySelector("b"))).toBe(one);
	expect(panelOf(document.querySelector("body > p"))).toBeNull();
	expect(panelOf(null)).toBeNull();
});
