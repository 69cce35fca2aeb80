// What happy-dom lacks and the components need: a canvas that records nothing, media queries, resize observers.
import { beforeEach, vi } from "vitest";

const nothing = () => undefined;

// Vitest's own second is too little on a machine that builds something beside it. What comes is not waited for longer.
const { waitFor } = vi;
vi.waitFor = (callback, options = 20_000) => waitFor(callback, options);

// A page keeps in its address what it shows: each test begins at the start.
beforeEach(() => history.replaceState(null, "", "/"));

const context = new Proxy({} as Record<string, unknown>, {
	get: (target, name: string) => target[name] ?? (name === "measureText" ? () => ({ width: 8 }) : nothing),
	set: (target, name: string, value) => {
		target[name] = value;
		return true;
	},
});

// What a browser only reports fails the tests.
globalThis.reportError ??= (error) =>
	queueMicrotask(() => {
		throw error;
	});

HTMLCanvasElement.prototype.getContext = (() => context) as unknown as typeof HTMLCanvasElement.prototype.getContext;

class Path {
	moveTo = nothing;
	lineTo = nothing;
	rect = nothing;
	arc = nothing;
	closePath = nothing;
	addPath = nothing;
}
globalThis.Path2D = Path as unknown as typeof Path2D;

globalThis.matchMedia ??= ((media: string) => ({
	media,
	matches: false,
	addEventListener: nothing,
	removeEventListener: nothing,
})) as unknown as typeof matchMedia;

globalThis.ResizeObserver ??= class {
	observe = nothing;
	unobserve = nothing;
	disconnect = nothing;
} as unknown as typeof ResizeObserver;
