//! Every setting once: its default, its bounds, and the words of its form in English.

use super::{Choice, Definition, Values};

/// All settings, in the form's order.
pub const DEFINITIONS: [Definition; 9] = [
    Definition {
        key: "interval",
        label: "Interval",
        help: "Seconds between two samples. A shorter one costs more and shows shorter peaks.",
        values: Values::Number { default: 2.0, min: 0.5, max: 60.0, unit: "s" },
    },
    Definition {
        key: "theme",
        label: "Theme",
        help: "Colours of the window.",
        values: Values::Choice {
            default: "system",
            choices: &[
                Choice { value: "system", label: "Follow the system" },
                Choice { value: "light", label: "Light" },
                Choice { value: "dark", label: "Dark" },
            ],
        },
    },
    Definition {
        key: "temperature_unit",
        label: "Temperature",
        help: "Unit in which temperatures are shown.",
        values: Values::Choice {
            default: "celsius",
            choices: &[
                Choice { value: "celsius", label: "Celsius (°C)" },
                Choice { value: "fahrenheit", label: "Fahrenheit (°F)" },
            ],
        },
    },
    Definition {
        key: "network_unit",
        label: "Network rates",
        help: "Unit in which network rates are shown.",
        values: Values::Choice {
            default: "bytes",
            choices: &[
                Choice { value: "bytes", label: "Bytes per second" },
                Choice { value: "bits", label: "Bits per second" },
            ],
        },
    },
    Definition {
        key: "tray_lines",
        label: "Tray",
        help: "Lines of the tray's menu.",
        values: Values::List {
            default: &["gpu", "cpu", "memory", "disk", "network"],
            choices: &[
                Choice { value: "gpu", label: "GPU" },
                Choice { value: "cpu", label: "CPU" },
                Choice { value: "memory", label: "Memory" },
                Choice { value: "disk", label: "Disk" },
                Choice { value: "network", label: "Network" },
            ],
            devices_of: "gpu",
        },
    },
    Definition {
        key: "close_to_tray",
        label: "Close to the tray",
        help: "Closing the window leaves Telltale in the tray, where it goes on recording. Off, closing quits.",
        values: Values::Switch { default: true },
    },
    Definition {
        key: "start_at_login",
        label: "Start at login",
        help: "Telltale starts in the tray when you log in.",
        values: Values::Switch { default: false },
    },
    Definition {
        key: "sleeping_gpus",
        label: "Sleeping GPUs",
        help: "An NVIDIA GPU that sleeps shows no figures until something else wakes it. Asking it anyway wakes it and uses power.",
        values: Values::Choice {
            default: "leave",
            choices: &[
                Choice { value: "leave", label: "Leave asleep" },
                Choice { value: "ask", label: "Wake and ask" },
            ],
        },
    },
    Definition {
        key: "drawing",
        label: "Drawing",
        help: "How the window is drawn, from its next opening on. Plain is for windows that stay blank, and costs more.",
        values: Values::Choice {
            default: "auto",
            choices: &[
                Choice { value: "auto", label: "As suits the machine" },
                Choice { value: "plain", label: "Plain" },
            ],
        },
    },
];
