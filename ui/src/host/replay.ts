// A Host that plays a recorded `telltale-agent watch` in a plain browser, so that the page can be worked on without
// Rust: `telltale-agent watch > ui/dev/recording.ndjson`, then `npm run dev`. `?file=` names another recording,
// `?fault=stall|silent|hang` breaks it on purpose. Not in the production bundle's first load.
import type { ChannelStatus, CurrentMetrics, MetricsHistory, Settings, SystemInfo } from "../bindings";
import { SETTINGS } from "../bindings";
import { type Host, Refused } from "./host";
import { type Columns, type Line, parse, type Recording } from "./recording";

/** A live run of a recording: its last tick is now, and it starts over from there, ever on. */
class Player {
	private readonly listeners = new Set<(batch: CurrentMetrics) => void>();
	private settings: Settings = { interval: 2, theme: "system", temperature_unit: "celsius", network_unit: "bytes" };
	private readonly started = Date.now();

	constructor(
		private readonly recording: Recording,
		private readonly fault: string | null,
	) {
		this.settings.interval = recording.interval;
		const theme = new URLSearchParams(location.search).get("theme");
		if (theme === "light" || theme === "dark") this.settings.theme = theme;
		setInterval(() => this.emit(), recording.interval * 1000);
	}

	/** How many ticks have passed since the page was opened. */
	private ticks(): number {
		return Math.floor((Date.now() - this.started) / (this.recording.interval * 1000));
	}

	private emit(): void {
		if (document.hidden || this.fault === "stall" || this.fault === "silent") return;
		const batch = this.batch();
		for (const listener of this.listeners) listener(batch);
	}

	subscribe(listener: (batch: CurrentMetrics) => void): () => void {
		this.listeners.add(listener);
		return () => this.listeners.delete(listener);
	}

	/** The newest tick: the recording's last one first, then its first, second, … with today's times. */
	batch(): CurrentMetrics {
		const { ticks, interval } = this.recording;
		const passed = this.ticks();
		const tick = ticks[(ticks.length - 1 + passed) % ticks.length];
		const timestamp = this.started + passed * interval * 1000;
		const last = ticks.at(-1);
		const stale = this.recording.stale;
		const source = new Map<string, Line>(last);
		for (const [channel, line] of tick ?? []) if (!(channel in stale)) source.set(channel, line);
		const at = (line: Line | undefined) => (line ? { ...line, timestamp: this.sampled(line, timestamp) } : null);
		const channels: ChannelStatus[] = [...source.keys()].map((channel) => {
			const fault = stale[channel];
			return fault
				? {
						channel,
						timestamp: timestamp - 8000,
						age: 8 + passed * interval,
						reason: fault.reason,
						detail: fault.detail,
					}
				: { channel, timestamp, age: 0, reason: null, detail: null };
		});
		for (const [channel, fault] of Object.entries(stale)) {
			if (!source.has(channel)) channels.push({ channel, timestamp: null, age: null, ...fault });
		}
		return {
			gpu: [...source].filter(([channel]) => channel.startsWith("system/gpu/")).map(([, line]) => at(line)),
			cpu: at(source.get("system/cpu")),
			memory: at(source.get("system/memory")),
			disk: at(source.get("system/disk")),
			network: at(source.get("system/network")),
			channels,
			tick: ticks.length + passed,
			timestamp,
			interval,
		} as unknown as CurrentMetrics;
	}

	private sampled(line: Line, now: number): number {
		return line.channel in this.recording.stale ? this.started - 8000 : now;
	}

	/** The whole recording, moved so that its last tick was when the page was opened. */
	history(since: number | null): MetricsHistory {
		const { times, columns, gaps } = this.recording;
		const shift = this.started - (times.at(-1) ?? this.started);
		const from = since === null ? 0 : times.findIndex((time) => time + shift >= since);
		if (from < 0) return { timestamps: [], series: [], gaps: [] };
		return {
			timestamps: times.slice(from).map((time) => time + shift),
			series: [...columns.values()].map((column: Columns) => ({
				channel: column.channel,
				field: column.field,
				unit: "percent",
				values: column.values.slice(from),
				min: null,
				max: null,
			})),
			gaps: gaps.map((gap) => ({ ...gap, from: gap.from + shift, to: gap.to === null ? null : gap.to + shift })),
		};
	}

	host(info: SystemInfo): Host {
		const hang = new Promise<never>(() => undefined);
		const broken = () => (this.fault === "hang" || this.fault === "stall") && this.ticks() > 0;
		return {
			subscribe: async (listener) => this.subscribe(listener),
			current: () =>
				broken()
					? this.fault === "hang"
						? hang
						: Promise.reject(new Refused("The recording was told to stall."))
					: Promise.resolve(this.batch()),
			history: async (query) => this.history(query.since ?? null),
			info: async () => info,
			settings: async () => this.settings,
			update: async (patch) => {
				const { interval } = patch;
				if (interval != null && !(interval >= 0.5 && interval <= 60)) {
					throw new Refused("interval must be from 0.5 to 60 seconds", "interval");
				}
				const given = Object.entries(patch).filter(([, value]) => value != null);
				this.settings = { ...this.settings, ...Object.fromEntries(given) };
				return this.settings;
			},
			fields: SETTINGS,
			label: this.recording.invented ? "Invented figures" : "Recording",
		};
	}
}

/** Loads the recording that the address names. */
export async function replay(): Promise<Host> {
	const asked = new URLSearchParams(location.search);
	const file = asked.get("file") ?? "/dev/recording.ndjson";
	const answer = await fetch(file);
	if (!answer.ok) throw new Error(`No recording at ${file}. Make one: node dev/invent.mjs > dev/recording.ndjson`);
	const recording = parse(await answer.text());
	return new Player(recording, asked.get("fault")).host(recording.info);
}
