// A Host that plays a recorded `telltale-agent watch` in a plain browser, so that the page can be worked on without
// building Rust: `mkdir -p ui/dev && telltale-agent watch > ui/dev/recording.ndjson`, then `npm run dev`. `?file=` names another recording.
import { figures } from "../base/fields";
import type { CurrentMetrics, DesktopInfo, Settings, SystemInfo } from "../bindings";
import { GPU_STATES, SETTINGS } from "../bindings";
import { DEFAULTS, type Host, NO_INFO, type Past, Refused } from "./host";
import { moved, parse } from "./recording";

/** Plays a recording as if its last tick were now, and over and over from there on. */
export class Player implements Host {
	readonly fields = SETTINGS;
	readonly label = "Recording";
	private readonly started = Date.now();
	private readonly step: number;
	private inForce: Settings;

	constructor(private readonly batches: readonly CurrentMetrics[]) {
		const interval = batches[0]?.interval ?? DEFAULTS.interval;
		this.inForce = { ...DEFAULTS, interval };
		this.step = interval * 1000;
	}

	async subscribe(listener: (batch: CurrentMetrics) => void): Promise<() => void> {
		const timer = setInterval(() => {
			if (!document.hidden) listener(this.batch());
		}, this.step);
		return () => clearInterval(timer);
	}

	async current(): Promise<CurrentMetrics> {
		return this.batch();
	}

	async history({ since }: { since?: number | null }): Promise<Past> {
		const all = this.batches.map((batch, at) =>
			moved(batch, at, this.started - (this.batches.length - 1 - at) * this.step),
		);
		const wanted = all.filter((batch) => batch.timestamp >= (since ?? 0));
		const series = new Map<string, Past["series"][number]>();
		for (const [row, { gpu, cpu, memory, disk, network }] of wanted.entries()) {
			for (const payload of [...gpu, cpu, memory, disk, network]) {
				if (!payload) continue;
				const { channel } = payload as unknown as { channel: string };
				const put = (field: string, value: number | null) => {
					let one = series.get(`${channel} ${field}`);
					if (!one) {
						one = { channel, field, values: new Float64Array(wanted.length).fill(Number.NaN) };
						series.set(`${channel} ${field}`, one);
					}
					one.values[row] = value ?? Number.NaN;
				};
				figures(payload, put, { state: GPU_STATES });
			}
		}
		return { timestamps: wanted.map((batch) => batch.timestamp), series: [...series.values()], gaps: [] };
	}

	/** The rules are the core's. */
	async verdict(): Promise<null> {
		return null;
	}

	async info(): Promise<SystemInfo> {
		return { ...NO_INFO, host_name: "recording" };
	}

	async diagnostics(): Promise<never> {
		throw new Refused("A recording has nothing to diagnose.");
	}

	async cost(): Promise<null> {
		return null;
	}

	async gpuDetails(): Promise<never> {
		throw new Refused("A recording has what was sampled at each tick, and no more.");
	}

	async settings(): Promise<Settings> {
		return this.inForce;
	}

	async update(patch: Partial<Settings>): Promise<Settings> {
		const { interval = DEFAULTS.interval } = patch;
		if (!(interval >= 0.5 && interval <= 60)) throw new Refused("interval must be from 0.5 to 60 seconds");
		this.inForce = { ...this.inForce, ...patch };
		return this.inForce;
	}

	async save(): Promise<null> {
		throw new Refused("A recording in a browser has no file dialog: copy the recording itself.");
	}

	async saving(): Promise<() => void> {
		return () => undefined;
	}

	async cancelSave(): Promise<void> {}

	async report(): Promise<void> {}

	async paused(): Promise<() => void> {
		return () => undefined;
	}

	async desktop(): Promise<DesktopInfo> {
		return { tray: false };
	}

	async quit(): Promise<never> {
		throw new Refused("A recording ends with its browser tab.");
	}

	/** The newest tick: the recording's last one first, then its first, second, … with today's times. */
	private batch(): CurrentMetrics {
		const passed = Math.floor((Date.now() - this.started) / this.step);
		const { length } = this.batches;
		const batch = this.batches[(length - 1 + passed) % length];
		if (!batch) throw new Refused("The recording is empty.");
		return moved(batch, length + passed, this.started + passed * this.step);
	}
}

/** Loads the recording that the address names. */
export async function replay(): Promise<Host> {
	const file = new URLSearchParams(location.search).get("file") ?? "/dev/recording.ndjson";
	const answer = await fetch(file);
	if (!answer.ok)
		throw new Error(
			`No recording at ${file}. Make one: mkdir -p ui/dev && telltale-agent watch > ui/dev/recording.ndjson`,
		);
	return new Player(parse(await answer.text()));
}
