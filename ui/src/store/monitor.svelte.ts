// Everything that the page knows of the machine. Events, polls and the backfill all end in `History`'s one append.
import { flushSync } from "svelte";
import { lowerBound } from "../base/scale";
import { HOUR, MINUTE, SECOND } from "../base/time";
import { within } from "../base/within";
import { apart, timed } from "../base/work";
import type { CurrentMetrics, HistoryQuery, Settings, SettingsPatch, SystemInfo } from "../bindings";
import { type Host, type Past, type Unsubscribe, wordsOf } from "../host/host";
import { Connection, type ConnectionState } from "./connection";
import { History } from "./history";

/** The least time between two batches that have history asked for, in ms; twice as long after each time that was refused. */
const PACE = 2 * SECOND;
/** Longer than any history takes, in ms: one that never comes must not keep the next from being asked for. */
const LONGEST = 30 * SECOND;

/** What the core takes for a clock that was set, in ms, less what a tick may be late. */
const STEP = 0.9 * SECOND;

export class Monitor {
	readonly history = new History();
	/** The newest batch; replaced, never changed in place. */
	batch = $state.raw<CurrentMetrics | null>(null);
	/** Rises whenever rows were added or changed, since rows themselves are plain arrays. */
	revision = $state(0);
	/** Who is told of it directly. */
	private readonly painters = new Set<() => void>();
	connection = $state<ConnectionState>("live");
	info = $state.raw<SystemInfo | null>(null);
	/** Why a setting was not changed, by its key; until it is, or that is dismissed. */
	refused = $state<Record<string, string>>({});
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
	private recovering = false;
	/** Before then no batch has history asked for, by the monotonic clock in ms. */
	private patience = 0;
	private pace = PACE;
	/** The question for the newest figures that is not answered yet: there is one at most, whoever asks. */
	private asking: Promise<CurrentMetrics> | null = null;
	/** The times of the last row before the clock was set and of the first after it, Unix ms, until the core's rows say by how much. */
	private leap: { before: number; after: number } | null = null;
	/** Told by how many ms all rows moved along with the clock. */
	private readonly movers = new Set<(by: number) => void>();
	/** Where the hole began that will be filled when events come again. */
	private quietSince: number | null = null;

	constructor(readonly host: Host) {
		this.link = new Connection(() => this.current(), {
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
				this.current().then((batch) => this.take(batch)),
				this.host.settings().then((settings) => this.adopt(settings)),
				this.host.info().then((info) => {
					this.info = info;
				}),
			]);
		} catch (error) {
			this.failure = wordsOf(error);
		}
	}

	/** Listens, and then fills what came before, so that no sample falls in between. Where that is refused or never answered there
	 * are no events, and polling begins as after any other silence. */
	private async listen(): Promise<void> {
		// Nobody looks at one that was loaded anew while the window was hidden, and it gets no events.
		if (!document.hidden) this.link.start();
		this.unsubscribe = await this.host.subscribe((batch) => this.link.event(batch));
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

	/** One of the settings can be changed elsewhere: whether Telltale starts at login. */
	async askSettings(): Promise<void> {
		try {
			this.adopt(await this.host.settings());
		} catch {
			// Those of before stay; the connection says that the core does not answer.
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
		const before = this.history.last ?? 0;
		const outcome = this.history.append(batch);
		if (outcome === "ignored") return;
		if (outcome === "jump") {
			const leapt = this.leapt(batch, before);
			this.needs(leapt ? 0 : before);
			if (leapt) void this.askInfo();
		} else if (
			outcome === "appended" &&
			this.batch &&
			(batch.tick > this.batch.tick + 1 || this.steps(batch, before))
		) {
			// Too short a hole to break a line, or a small step of the clock. Ticks that the core skipped itself have no number.
			this.needs(before);
		}
		if (
			outcome !== "filled" &&
			batch.tick - 1 === this.batch?.tick &&
			this.batch.timestamp === before &&
			this.steps(batch, before)
		)
			this.leap = { before, after: batch.timestamp };
		const known = this.batch?.gpu.map((gpu) => gpu.gpu_id).join();
		this.batch = batch;
		this.changedRows();
		if (known !== undefined && known !== batch.gpu.map((gpu) => gpu.gpu_id).join()) void this.askInfo();
		if (this.hole !== null && performance.now() >= this.patience) void this.fill();
		if (this.failure !== null) void this.recover();
	}

	/** Asks once more for what was refused at the start, now that the core answers. Where it may not listen, that goes on being said. */
	private async recover(): Promise<void> {
		if (this.recovering) return;
		this.recovering = true;
		try {
			if (this.settings === null) this.adopt(await this.host.settings());
			if (this.info === null) this.info = await this.host.info();
			if (this.unsubscribe !== null) this.failure = null;
		} catch (error) {
			this.failure = wordsOf(error);
		} finally {
			this.recovering = false;
		}
	}

	/** Whether it may be the clock that was set, and no row that is missing: it went back, or no tick was left out. The core has
	 * given all its rows new times then. */
	private leapt(batch: CurrentMetrics, before: number): boolean {
		return batch.timestamp < before || batch.tick - 1 === this.batch?.tick;
	}

	/** Whether a batch stands so far from where it was due that the clock may have been set: from a second on the core moves its rows. */
	private steps(batch: CurrentMetrics, before: number): boolean {
		return Math.abs(batch.timestamp - before - batch.interval * SECOND) >= STEP;
	}

	/** Has it called whenever rows were added or changed: for what only paints, of which a page has dozens; as effects they cost more. */
	onRows(paint: () => void): Unsubscribe {
		this.painters.add(paint);
		return () => this.painters.delete(paint);
	}

	/** Has it called when all rows have new times, with how much later they are, in ms: for what stands at a time of its own. */
	onMoved(follow: (by: number) => void): Unsubscribe {
		this.movers.add(follow);
		return () => this.movers.delete(follow);
	}

	/** Says by how much rows moved, if the row before the clock was set is known by its new time. */
	private moved(times: readonly number[]): void {
		if (this.leap === null) return;
		const { before, after } = this.leap;
		const at = lowerBound(times, after);
		// One that was put together before the clock was set.
		if (times[at] !== after) return;
		this.leap = null;
		const by = (times[at - 1] ?? before) - before;
		// After a suspend the row before has stayed, but for the millisecond at which the line is broken.
		if (Math.abs(by) < STEP) return;
		for (const follow of this.movers) follow(by);
	}

	private changedRows(): void {
		this.revision += 1;
		for (const paint of this.painters) apart(paint);
	}

	private changed(state: ConnectionState): void {
		this.connection = state;
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

	/** Fills the hole from the core's history; one question at a time, asked again at a later batch if it fails. Before it listens
	 * it waits, unless it polls by then: those are all the batches that there are. */
	private async fill(): Promise<void> {
		if (this.filling || this.hole === null || (this.unsubscribe === null && this.connection === "live")) return;
		this.filling = true;
		const since = this.hole;
		this.hole = null;
		try {
			let answer = await this.past(since === 0 ? {} : { since });
			// It begins with the last row before the hole, unless the clock was set meanwhile or that row is too old.
			const whole = answer.timestamps[0] !== since;
			// An hour is all there is.
			if (whole && since !== 0 && (answer.timestamps.at(-1) ?? 0) - since < HOUR) answer = await this.past({});
			this.history.merge(answer, whole);
			this.moved(answer.timestamps);
			if (whole && since !== 0) void this.askInfo();
			this.filled = true;
			this.pace = PACE;
			this.patience = performance.now() + this.pace;
			this.changedRows();
		} catch {
			this.needs(since);
			this.patience = performance.now() + this.pace;
			this.pace = Math.min(2 * this.pace, MINUTE);
		} finally {
			this.filling = false;
		}
	}

	private current(): Promise<CurrentMetrics> {
		if (this.asking) return this.asking;
		const asked = this.host.current();
		const answered = () => {
			this.asking = null;
		};
		asked.then(answered, answered);
		this.asking = asked;
		return asked;
	}

	private past(query: HistoryQuery): Promise<Past> {
		return within(LONGEST, this.host.history(query));
	}

	/** The description of the machine changes when a driver is loaded or a device goes, and when it started is said in the time that the clock shows. */
	async askInfo(): Promise<void> {
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
		// Else it polls at once.
		if (this.connection === "live") void this.catchUp();
	};

	/** The newest figures and the rows before them, without waiting for an event, which may be a minute away. */
	private async catchUp(): Promise<void> {
		try {
			this.take(await this.current());
		} catch {
			// The connection will say so.
		}
		await this.fill();
	}
}
