// A list stays the same object while it says the same.
import { expect, it } from "vitest";
import { steady } from "./steady";

it("hands out the list before while both say the same", () => {
	let devices = ["a", "b"];
	const list = steady(() => devices.map((name) => ({ name, fields: [`${name}/read`, `${name}/write`], most: null })));
	const first = list();
	expect(first).toHaveLength(2);
	expect(list()).toBe(first);
	devices = ["a"];
	const second = list();
	expect(second).toEqual([{ name: "a", fields: ["a/read", "a/write"], most: null }]);
	expect(list()).toBe(second);
	devices = ["c"];
	expect(list()).toEqual([{ name: "c", fields: ["c/read", "c/write"], most: null }]);
	devices = [];
	expect(list()).toEqual([]);
	expect(list()).toBe(list());
});

it("takes plain values, too", () => {
	let names = ["a", "b"];
	const list = steady(() => [...names]);
	const first = list();
	expect(list()).toBe(first);
	names = ["b", "a"];
	expect(list()).toEqual(["b", "a"]);
});
