// How a sparkline is painted: straight lines through the newest sixty figures and the area under them, broken where
// there is none. When a figure comes, what is painted moves by a whole number of pixels, and only its end is painted.
import { tint } from "../chart/colours";
import type { History } from "../store/history";

const SAMPLES = 60;
const LINE = 1.2;

/** What a sparkline shows. */
export interface Shown {
	channel: string;
	/** Added up. */
	fields: readonly string[];
	/** What fills it; null: its own largest figure, but never less than `floor`. */
	most: number | null;
	floor: number;
}

/** The newest figures, so many of them, the columns added up; the newest last, and NaN for none. */
export function newest(columns: readonly (Float64Array | undefined)[], rows: number, count: number): number[] {
	const out: number[] = [];
	for (let row = Math.max(0, rows - count); row < rows; row++) {
		let sum = Number.NaN;
		for (const column of columns) {
			const value = column?.[row] ?? Number.NaN;
			if (!Number.isNaN(value)) sum = Number.isNaN(sum) ? value : sum + value;
		}
		out.push(sum);
	}
	return out;
}

export class Spark {
	private readonly context: CanvasRenderingContext2D | null;
	private colours = { line: "", area: "" };
	/** What is painted: up to which row since the beginning, at which scale, of which history. */
	private painted = { row: -1, full: 0, epoch: -1 };

	constructor(
		private readonly canvas: HTMLCanvasElement,
		private readonly history: History,
	) {
		this.context = canvas.getContext("2d");
	}

	/** Begins anew in a colour: it, the size or what is shown has changed. */
	reset(colour: string): void {
		this.colours = { line: colour, area: tint(colour, 0.2) };
		this.painted.epoch = -1;
	}

	draw({ channel, fields, most, floor }: Shown): void {
		const { canvas, context, history } = this;
		if (!context) return;
		const columns = fields.map((field) => history.values(channel, field));
		const { painted } = this;
		const row = history.dropped + history.rows;
		const came = row - painted.row;
		// Less than a pixel each: there is nothing to move by.
		const narrow = canvas.width < SAMPLES - 1;
		const goesOn = painted.epoch === history.epoch && came >= 0 && came < SAMPLES / 2;
		// Where the scale is given, only what is painted is looked at: the end, and the line to it.
		const count = goesOn && !narrow && painted.full === most ? came + 3 : SAMPLES;
		const values = newest(columns, history.rows, count);
		let full = most ?? floor;
		if (most === null) for (const value of values) if (value > full) full = value;
		const step = narrow ? canvas.width / (SAMPLES - 1) : Math.max(1, Math.round(canvas.width / (SAMPLES - 1)));
		const moves = goesOn && !narrow && painted.full === full;
		if (moves && came > 0) {
			context.globalCompositeOperation = "copy";
			context.drawImage(canvas, -came * step, 0);
			context.globalCompositeOperation = "source-over";
		}
		// The newest row painted may have been written again, and the line to it with it.
		this.paint(values, full, step, moves ? Math.max(0, values.length - came - 2) : 0);
		this.painted = { row, full, epoch: history.epoch };
	}

	/** Paints from one of the values on. */
	private paint(values: readonly number[], full: number, step: number, from: number): void {
		const { canvas, context, colours } = this;
		if (!context) return;
		const { width, height } = canvas;
		const edge = LINE * devicePixelRatio;
		const x = (at: number) => width - 1 - (values.length - 1 - at) * step;
		const y = (value: number) => height - edge / 2 - Math.min(1, value / full) * (height - edge);
		const start = from === 0 ? 0 : x(from);
		context.save();
		context.beginPath();
		context.rect(start, 0, width - start, height);
		context.clip();
		context.clearRect(start, 0, width - start, height);
		context.strokeStyle = colours.line;
		context.lineWidth = edge;
		context.lineJoin = "bevel";
		context.fillStyle = colours.area;
		for (let begin = Math.max(0, from - 1), at = begin; at <= values.length; at++) {
			if (at < values.length && !Number.isNaN(values[at])) continue;
			if (at > begin) {
				context.beginPath();
				for (let i = begin; i < at; i++) context.lineTo(x(i), y(values[i] as number));
				context.stroke();
				context.lineTo(x(at - 1), height);
				context.lineTo(x(begin), height);
				context.fill();
			}
			begin = at + 1;
		}
		context.restore();
	}
}
