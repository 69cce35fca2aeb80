// The time, for words that count it.
import { createSubscriber } from "svelte/reactivity";
import { SECOND } from "../base/time";

/** One timer, however many there are, and none while nobody counts. */
const subscribe = createSubscriber((update) => {
	// A page that is not seen has no use for it.
	const timer = setInterval(() => document.hidden || update(), SECOND);
	return () => clearInterval(timer);
});

/** Unix ms; what shows it is made anew each second. */
export function now(): number {
	subscribe();
	return Date.now();
}
