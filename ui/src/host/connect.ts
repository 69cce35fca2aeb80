// Which host there is. Apart from the interface, so that only the page's beginning loads one.
import type { Host } from "./host";
import { tauri } from "./tauri";

/** The core; in a plain browser, which only who works on the page opens it in, a recording. */
export async function connect(): Promise<Host> {
	if (import.meta.env.DEV && !("__TAURI_INTERNALS__" in globalThis)) return (await import("./replay")).replay();
	return tauri;
}
