// Everything that the page knows of the machine. Events, polls and the backfill all end in `History`'s one append.
import { flushSync } from "svelte";
import { HOUR } from "../base/time";
import { timed } from "../base/work";
import type { CurrentMetrics, Settings, SettingsPatch, SystemInfo } from "../bindings";
import type { Host, Unsubscribe } from "../host/host";
import { Connection, type ConnectionState } from "./connection";
import { History } from "./history";

export class Monitor {
	readonly history = new History();
	/** The newest batch; replaced, never changed in place. */
	batch = $state.raw<CurrentMetrics | null>(null);
	/** Rises whenever rows were added or changed, since rows themselves are plain arrays. */
	revision = $state(0);
	/** Who is told of it directly. */
	private readonly painters = new Set<() => void>();
	connection = $state.raw<{ state: ConnectionState }>({ state: "live" });
	info = $state.raw<SystemInfo | null>(null);
	settings = $state.raw<Settings | null>(null);
	/** Whether the hour before was asked for and came, so that an empty chart is known to be empty. */
	filled = $state(false);
	/** Why the core can't be reached at all; null while nothing says so. */
	failure = $state<string | null>(null);
	private readonly link: Connection;
	private unsubscribe: Unsubscribe | null = null;
	/** From which time on rows are missing (0: all of them); null where none are. */
	private hole: number | null = 0;
	private filling = false;
	/** Where the hole began that will be filled when events come again. */
	private quietSince: number | null = null;

	constructor(readonly host: Host) {
		this.link = new Connection(() => this.host.current(), {
			batch: (batch) => this.take(batch),
			state: (state) => this.changed(state),
		});
	}

	/** Begins to follow the core. Resolves when it has answered, or `failure` says why it has not. */
	async start(): Promise<void> {
		document.addEventListener("visibilitychange", this.seen);
		try {
			await Promise.all([
				this.listen(),
				this.host.current().then((batch) => this.take(batch)),
				this.host.settings().then((settings) => this.adopt(settings)),
				this.host.info().then((info) => {
					this.info = info;
				}),
			]);
		} catch (error) {
			this.failure = error instanceof Error ? error.message : String(error);
		}
	}

	/** Listens, and then fills what came before, so that no sample falls in between. */
	private async listen(): Promise<void> {
		this.unsubscribe = await this.host.subscribe((batch) => this.link.event(batch));
		this.link.start();
		await this.fill();
	}

	stop(): void {
		document.removeEventListener("visibilitychange", this.seen);
		this.link.stop();
		this.unsubscribe?.();
		this.unsubscribe = null;
	}

	/** Changes settings; what was refused is thrown, and what is in force afterwards is shown either way. */
	async update(patch: SettingsPatch): Promise<void> {
		try {
			this.adopt(await this.host.update(patch));
		} catch (error) {
			this.adopt(await this.host.settings());
			throw error;
		}
	}

	/** An interval is in force before the first batch that names it. */
	private adopt(settings: Settings): void {
		this.settings = settings;
		this.link.pace(settings.interval);
	}

	/** Stores a batch and shows it, at once: what it costs is known then. */
	private take(batch: CurrentMetrics): void {
		timed(() => {
			this.store(batch);
			flushSync();
		});
	}

	private store(batch: CurrentMetrics): void {
		const before = this.history.last;
		const outcome = this.history.append(batch);
		if (outcome === "ignored") return;
		if (outcome === "jump") {
			const leapt = this.leapt(batch, before ?? 0);
			this.needs(leapt ? 0 : (before ?? 0));
			if (leapt) void this.ask();
		}
		const known = this.batch?.gpu.map((gpu) => gpu.gpu_id).join();
		this.batch = batch;
		this.changedRows();
		if (known !== undefined && known !== batch.gpu.map((gpu) => gpu.gpu_id).join()) void this.ask();
		if (this.hole !== null) void this.fill();
	}

	/** Whether it may be the clock that was set, and no row that is missing: it went back, or no tick was left out. The core has
	 * given all its rows new times then. */
	private leapt(batch: CurrentMetrics, before: number): boolean {
		return batch.timestamp < before || batch.tick - 1 === this.batch?.tick;
	}

	/** Has it called whenever rows were added or changed: for what only paints, of which a page has dozens; as effects they cost more. */
	onRows(paint: () => void): Unsubscribe {
		this.painters.add(paint);
		return () => this.painters.delete(paint);
	}

	private changedRows(): void {
		this.revision += 1;
		for (const paint of this.painters) paint();
	}

	private changed(state: ConnectionState): void {
		this.connection = { state };
		if (state !== "live") this.quietSince ??= this.history.last;
		else if (this.quietSince !== null) {
			this.needs(this.quietSince);
			this.quietSince = null;
			void this.fill();
		}
	}

	private needs(from: number): void {
		this.hole = Math.min(this.hole ?? from, from);
	}

	/** Fills the hole from the core's history, once it listens; one question at a time, asked again at the next batch if it fails. */
	private async fill(): Promise<void> {
		if (this.unsubscribe === null || this.filling || this.hole === null || this.connection.state !== "live") return;
		this.filling = true;
		const since = this.hole;
		this.hole = null;
		try {
			let answer = await this.host.history(since === 0 ? {} : { since });
			// It begins with the last row before the hole, unless the clock was set meanwhile or that row is too old.
			const whole = answer.timestamps[0] !== since;
			// An hour is all there is.
			if (whole && since !== 0 && (answer.timestamps.at(-1) ?? 0) - since < HOUR) answer = await this.host.history({});
			this.history.merge(answer, whole);
			if (whole && since !== 0) void this.ask();
			this.filled = true;
			this.changedRows();
		} catch {
			this.needs(since);
		} finally {
			this.filling = false;
		}
	}

	/** The description of the machine changes when a driver is loaded or a device goes, and when it started is said in the time that the clock shows. */
	async ask(): Promise<void> {
		try {
			this.info = await this.host.info();
		} catch {
			// The one before stays; the connection says that the core does not answer.
		}
	}

	private readonly seen = (): void => {
		if (document.hidden) {
			this.link.stop();
			return;
		}
		this.needs(this.history.last ?? 0);
		this.link.start();
		void this.fill();
	};
}
