// How the page begins: with figures where the core answers in time, without them where it does not, and with a word where it can't be reached.
import { afterEach, beforeEach, expect, it, vi } from "vitest";
import { type Host, type Past, Refused } from "./host/host";
import { batch, hostOf } from "./store/testing";

const first = batch({ tick: 1, timestamp: Date.now(), cpu: 73 });
let host: Host;
let page: HTMLElement;
let asked: Promise<void>;
let answerHistory: (history: Past) => void;
/** Those of the tests stand still. */
const { setTimeout: real } = globalThis;
vi.mock("./host/connect", () => ({ connect: async () => host }));

beforeEach(() => {
	vi.resetModules();
	vi.useFakeTimers({ toFake: ["setTimeout"] });
	document.body.innerHTML = '<div id="app"></div>';
	page = document.getElementById("app") as HTMLElement;
	history.replaceState(null, "", "/");
	let ask = () => {};
	asked = new Promise((resolve) => {
		ask = resolve;
	});
	host = hostOf({
		current: async () => first,
		history: () =>
			new Promise((resolve) => {
				answerHistory = resolve;
				ask();
			}),
	});
});

afterEach(() => vi.useRealTimers());

/** Begins; resolves when there is something of the page. */
function built(): Promise<unknown> {
	const seen = new Promise((resolve) => new MutationObserver(resolve).observe(page, { childList: true }));
	return Promise.all([import("./main"), seen]);
}

/** All of it is loaded, history was asked for, and the page is not there. */
async function waits(): Promise<void> {
	await Promise.all([import("./app/App.svelte"), asked]);
	await new Promise((resolve) => real(resolve, 0));
	expect(page.innerHTML).toBe("");
}

it("begins with the figures and the history, not with empty panels that are filled", async () => {
	const there = built();
	await waits();
	answerHistory({ timestamps: [], series: [], gaps: [] });
	await there;
	expect(page.querySelector("[data-page=cpu] .value")?.textContent).toBe("73\u00a0%");
	expect(document.documentElement.dataset.filled).toBe("true");
});

it("does not wait long for a core that is slow to answer", async () => {
	host.current = () => new Promise(() => undefined);
	const there = built();
	await waits();
	vi.advanceTimersByTime(100);
	await there;
	expect(page.querySelector("[aria-busy]")).not.toBeNull();
});

it("says why the core can't be reached", async () => {
	host.settings = async () => {
		throw new Refused("the bridge is down");
	};
	await built();
	expect(page.querySelector("[role=alert]")?.textContent).toContain("the bridge is down");
});
