// How a component reaches the monitor and the view without each one between handing them on.
import { createContext } from "svelte";
import type { Monitor } from "./monitor.svelte";
import type { View } from "./view.svelte";

export const [store, provideStore] = createContext<{ monitor: Monitor; view: View }>();
