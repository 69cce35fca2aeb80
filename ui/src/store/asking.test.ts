// One question at a time, at its pace, and the newest one last.
import { afterEach, beforeEach, expect, it, vi } from "vitest";
import { Asking } from "./asking";

let asked: number[];
let answers: { resolve(): void; reject(error: Error): void }[];
let wanted: number | null;
let asking: Asking<number>;

beforeEach(() => {
	vi.useFakeTimers();
	asked = [];
	answers = [];
	wanted = 1;
	asking = new Asking(
		() => wanted,
		(query) => {
			asked.push(query);
			return new Promise((resolve, reject) => answers.push({ resolve, reject }));
		},
	);
});

afterEach(() => vi.useRealTimers());

const pass = (ms: number) => vi.advanceTimersByTimeAsync(ms);

it("never has two in flight, and asks once more for all that was wanted meanwhile", async () => {
	asking.now();
	wanted = 2;
	asking.now();
	wanted = 3;
	asking.now();
	asking.sometime();
	expect(asked).toEqual([1]);
	answers[0]?.resolve();
	await pass(0);
	expect(asked).toEqual([1, 3]);
	answers[1]?.resolve();
	await pass(10_000);
	expect(asked).toEqual([1, 3]);
});

it("keeps its pace, whatever comes of it", async () => {
	for (let ms = 0; ms < 20_000; ms += 500) {
		asking.sometime();
		answers.at(-1)?.reject(new Error("refused"));
		await pass(500);
	}
	expect(asked).toHaveLength(4);
	asking.now();
	expect(asked).toHaveLength(5);
});

it("asks each time where no pace is to be kept, but never twice at once", async () => {
	for (let turn = 0; turn < 4; turn++) {
		asking.sometime(0);
		if (turn % 2 === 1) answers.at(-1)?.resolve();
		await pass(0);
	}
	expect(asked).toHaveLength(2);
});

it("asks nothing where there is nothing to ask", async () => {
	wanted = null;
	asking.now();
	asking.sometime();
	expect(asked).toEqual([]);
	wanted = 7;
	asking.sometime();
	expect(asked).toEqual([7]);
});
