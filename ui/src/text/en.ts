// Every word of the window, in English. Other languages have the same shape; what they lack falls back to these.
import type { Reason } from "../bindings";

export const en = {
	app: "Telltale",
	overview: "Overview",
	settings: "Settings",
	pause: "Pause",
	resume: "Resume",
	graphics: "Graphics",
	system: "System",
	devices: "Devices",
	gpu: (index: number) => `GPU ${index}`,
	cpu: "CPU",
	memory: "Memory",
	disk: "Disk",
	network: "Network",
	otherInterfaces: (count: number) => `Other interfaces (${count})`,
	recorded: "Recording",

	connection: { live: "Live", polling: "Polling", stalled: "Stalled" },
	connectionHelp: {
		live: "Samples arrive as events, as they are taken.",
		polling: "No event came for a while: the window asks for each sample instead.",
		stalled: "The collector does not answer.",
	},
	ago: (age: string) => `${age} ago`,
	since: (time: string) => `since ${time}`,
	up: (duration: string) => `up ${duration}`,
	gpus: (count: number) => (count === 1 ? "1 GPU" : `${count} GPUs`),

	range: "Range of the charts",
	ranges: { 60: "1 m", 300: "5 m", 900: "15 m", 3600: "1 h" } as Record<number, string>,
	zoomed: "Zoomed: double click or Escape goes back",
	paused: "Paused",
	backToLive: "Back to now",

	utilization: "Utilization",
	temperature: "Temperature",
	power: "Power",
	total: "Total",
	ram: "RAM",
	swap: "Swap",
	used: "Used",
	read: "Read",
	write: "Write",
	down: "Down",
	upload: "Up",
	cores: "Cores",
	core: (number: number) => `Core ${number}`,
	of: (total: string) => `/ ${total}`,
	cgroupLimit: (used: string, limit: string) => `This group of processes: ${used} of ${limit}`,
	noSwap: "none",

	facts: {
		device: "Device",
		model: "Model",
		physicalCores: "Physical cores",
		threads: "Logical processors",
		kernel: "Kernel",
		os: "Operating system",
		started: "Started",
		installed: "Installed",
		available: "Available",
		driver: "Driver",
		uuid: "UUID",
		index: "NVML index",
		kind: "Kind",
		version: "Telltale",
	},
	kinds: {
		physical: "Physical: counted in the total",
		virtual: "Virtual: not counted in the total, its traffic already is",
		loopback: "Loopback: not counted in the total",
	},

	help: {
		gpuUtilization:
			"Share of the last sampling period in which a kernel ran on the GPU (NVML: utilization.gpu). It says nothing of how many of its units were busy.",
		gpuMemory: "Memory in use on the device, without what the driver reserves (NVML: memory info v2, used).",
		gpuTemperature: "Temperature of the GPU die (NVML: NVML_TEMPERATURE_GPU).",
		gpuPower: "Power of the whole board (NVML: nvmlDeviceGetPowerUsage).",
		cpuUtilization:
			"Busy time over all time since the last sample, over all cores; waiting for disks counts as idle (/proc/stat).",
		ramUsed:
			"MemTotal − MemAvailable (/proc/meminfo): what programs hold and the kernel could not give away at once; what free calls used.",
		swapUsed: "SwapTotal − SwapFree (/proc/meminfo).",
		diskRead: "Bytes read per second from whole physical disks, each byte once (/proc/diskstats).",
		diskWrite: "Bytes written per second to whole physical disks, each byte once (/proc/diskstats).",
		download: "Bytes received per second, as the kernel counts them (/proc/net/dev).",
		upload: "Bytes sent per second, as the kernel counts them (/proc/net/dev).",
	},

	reasons: {
		starting: "waiting for the first sample",
		unsupported: "not reported by this device",
		no_permission: "not permitted for this user",
		asleep: "asleep",
		not_answering: "not answering",
		lost: "lost: the device fell off the bus",
		absent: "not present",
		failed: "failed",
		suspended: "computer suspended",
		counter_reset: "counter was reset",
	} satisfies Record<Reason, string> as Record<Reason, string>,
	gap: (reason: string) => `gap: ${reason}`,
	noSampleFor: (age: string) => `no sample for ${age}`,
	noFigure: "—",

	unavailable: {
		gpu: "No GPU figures",
		advice: {
			absent: "On a machine with an NVIDIA card, install its driver; this page finds it by itself within a minute.",
			no_permission: "Check the permissions of /dev/nvidia*, or ask the administrator for the video group.",
			other: "Telltale keeps trying; nothing has to be restarted.",
		},
	},

	summary: (name: string, now: string, min: string, mean: string, max: string) =>
		`${name}: now ${now}, minimum ${min}, mean ${mean}, maximum ${max}.`,
	chartKeys: "Arrow keys move the crosshair, Escape removes it.",

	startFailed: "The window could not reach Telltale's core",
	notice: "Notice",
	dismiss: "Dismiss",
	invalid: "Not saved",
	defaultIs: (value: string) => `Default: ${value}`,
	allowed: (min: string, max: string, unit: string) => `${min} to ${max} ${unit}`,
	settingLabels: {} as Record<string, string>,
	settingHelp: {} as Record<string, string>,
};

export type Messages = typeof en;
