// Which host there is. Apart from the interface, so that only the page's beginning loads one.
import type { Host } from "./host";
import { tauri } from "./tauri";

/** The core where there is one, else the recording, which is loaded only then. */
export async function connect(): Promise<Host> {
	return "__TAURI_INTERNALS__" in globalThis ? tauri : (await import("./replay")).replay();
}
