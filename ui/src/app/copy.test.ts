// What lands on the clipboard.
import { expect, it } from "vitest";
import { figuresOf, panelOf } from "./copy";

document.body.innerHTML = `
	<section data-panel="gpu/0" aria-label="GPU 0"><h2>GPU 0 <span class="subtitle">RTX 4090</span></h2>
		<b data-label="Utilization"> 87\u00a0%</b>
		<span data-label="Utilization"><b>87</b>\u00a0<i>%</i></span>
		<span data-label="Memory"><b>19.4</b> / 24 GiB</span>
	</section>
	<section data-panel="gpu" aria-label="No GPU figures"><div class="unavailable"><p>No driver.</p></div></section>
	<p>outside</p>`;
const [one, none] = document.querySelectorAll<HTMLElement>("section");

it("is the panel's name, the time, and each figure once", () => {
	expect(one && figuresOf(one, 1_700_000_000_000)).toBe(
		"GPU 0  RTX 4090  2023-11-14T22:13:20.000Z\nUtilization: 87 %\nMemory: 19.4 / 24 GiB",
	);
});

it("is the reason where there are no figures", () => {
	expect(none && figuresOf(none, null)).toBe("No GPU figures\nNo driver.");
});

it("belongs to the panel that the focus or the pointer is in", () => {
	expect(panelOf(document.querySelector("b"))).toBe(one);
	expect(panelOf(document.querySelector("body > p"))).toBeNull();
	expect(panelOf(null)).toBeNull();
});
