//! What holds a GPU back, as the window tells it: the lane of states under the chart, its legend, and the verdict on the
//! visible range, over scripted devices. Samples every half second make the ten that a verdict takes come in seconds.

use std::fs;
use std::process::Stdio;
use std::time::Duration;

use serde_json::{Value, json};

use super::SOON;
use super::app::{App, Gpus, Home};
use crate::common::process::Group;
use crate::common::root;
use crate::common::screen::Screen;
use crate::common::until::until;

/// A verdict takes ten seconds of samples, and is asked for every five.
const VERDICT: Duration = Duration::from_mins(1);

/// A GPU at work with nothing in its way, and no other figure than these tests need.
const GPU: &str = "[gpu]\nuuid = GPU-a\nname = Held\nmemory_total = 24 GiB\nmemory_used = 6 GiB\nutilization = 90 %\n\
    memory_bandwidth = 40 %\ntemperature = 61 C\npower_draw = 300 W\npower_limit = 450 W\nsm_clock = 2700 MHz\n\
    sm_clock_max = 2745 MHz\nthrottle_reasons = 0\n";

/// [`GPU`] with some of its lines replaced.
fn but(changes: &[(&str, &str)]) -> String {
    let mut script = GPU.to_owned();
    for (figure, value) in changes {
        let begin = script.find(&format!("\n{figure} = ")).unwrap_or_else(|| panic!("{figure} is in the script")) + 1;
        let end = begin + script[begin..].find('\n').unwrap();
        script.replace_range(begin..end, &format!("{figure} = {value}"));
    }
    script
}

/// The window on the page of the GPU of a script, at half a second and a range of a minute.
async fn page_of(screen: &Screen, home: &Home, script: &str) -> App {
    home.script(script);
    let app = App::start(screen, home, Gpus::Scripted).await;
    app.resize(1280, 800).await;
    app.call("update_settings", json!({ "patch": { "interval": 0.5 } })).await.unwrap();
    app.click("[data-testid=\"range-1m\"]").await;
    assert!(app.open("gpu/").await);
    app
}

/// The kind of the verdict, its words, and the legend with shares; null where there is none yet.
const SHOWN: &str = "const box = document.querySelector('[data-testid=\"verdict\"]');
    const text = (one) => one.textContent.replace(/\\s+/g, ' ').trim();
    return box && [box.dataset.kind, text(box), Array.from(document.querySelectorAll('[data-state-share]'), text)]";

/// Waits for the verdict of a kind whose words hold all of `said`.
async fn says(app: &App, kind: &str, said: &[&str]) -> Value {
    until(&format!("the window says {kind}: {said:?}"), VERDICT, async || {
        let shown = app.run(SHOWN).await;
        let holds = |word: &&str| shown[1].as_str().is_some_and(|text| text.contains(*word));
        if shown[0] == kind && said.iter().all(holds) { Ok(shown) } else { Err(shown) }
    })
    .await
}

/// The share of the lane's pixels that are drawn in a hue of the theme, in percent, at its middle height and above.
async fn drawn(app: &App, hue: &str) -> f64 {
    const SCRIPT: &str = "const [hue, done] = arguments;
        requestAnimationFrame(() => requestAnimationFrame(() => {
            const probe = document.createElement('i');
            probe.style.color = `var(--${hue})`;
            document.body.append(probe);
            const wanted = getComputedStyle(probe).color.match(/\\d+/g).map(Number);
            probe.remove();
            const canvas = document.querySelector('.held .lane canvas');
            const { data } = canvas.getContext('2d').getImageData(0, 0, canvas.width, 1);
            let found = 0;
            for (let i = 0; i < data.length; i += 4)
                if (wanted.every((one, at) => Math.abs(data[i + at] - one) < 8) && data[i + 3] > 200) found += 1;
            done(found / canvas.width * 100);
        }))";
    app.client.execute_async(SCRIPT, vec![json!(hue)]).await.unwrap().as_f64().unwrap()
}

async fn picture(app: &App, name: &str) {
    let folder = root().join("tests/out/screenshots");
    fs::create_dir_all(&folder).unwrap();
    fs::write(folder.join(format!("held-{name}.png")), app.screenshot().await).unwrap();
}

#[test]
fn a_power_cap_is_a_segment_of_the_lane_and_a_verdict_with_its_limit() {
    super::test(async || {
        let (screen, home) = (Screen::open(), Home::new());
        let app = page_of(&screen, &home, GPU).await;
        says(&app, "running_free", &["Running free 100 %", "clock 2,700 of 2,745 MHz"]).await;
        assert!(drawn(&app, "gpu").await > 5.0, "running free is drawn");
        assert!(drawn(&app, "power").await < 0.5, "and no power cap");

        home.script(&but(&[("throttle_reasons", "4"), ("power_draw", "445 W"), ("sm_clock", "2310 MHz")]));
        let shown =
            says(&app, "held_back", &["Power-capped", "445 W of a 450 W limit", "clock 2,310 of 2,745 MHz"]).await;
        let legend = shown[2].as_array().unwrap();
        assert!(
            legend.iter().any(|one| one.as_str().is_some_and(|one| one.starts_with("power cap") && one.ends_with('%'))),
            "{legend:?}"
        );
        assert!(legend.iter().any(|one| one.as_str().is_some_and(|one| one.starts_with("running free"))), "{legend:?}");
        until("the cap is drawn", SOON, async || {
            let share = drawn(&app, "power").await;
            if share > 2.0 { Ok(()) } else { Err(share) }
        })
        .await;
        shows_it_in_words(&app).await;
        for theme in ["dark", "light"] {
            app.call("update_settings", json!({ "patch": { "theme": theme } })).await.unwrap();
            app.reload().await;
            says(&app, "held_back", &["Power-capped"]).await;
            for (width, height) in [(1280, 800), (900, 600)] {
                app.resize(width, height).await;
                app.later_tick(app.tick().await).await;
                picture(&app, &format!("{theme}-{width}x{height}")).await;
            }
            app.resize(1280, 800).await;
        }
        app.close().await;
    });
}

/// The lane for those who don't see it: it has a name, a summary, and arrow keys go from change to change, said aloud.
async fn shows_it_in_words(app: &App) {
    const WORDS: &str = "const lane = document.querySelector('.held .lane');
        return [lane.getAttribute('role'), lane.getAttribute('aria-label'), lane.tabIndex,
            document.getElementById(lane.getAttribute('aria-describedby')).textContent.replace(/\\s+/g, ' ')]";
    let words = app.run(WORDS).await;
    assert_eq!((&words[0], &words[2]), (&json!("application"), &json!(0)), "{words}");
    let summary = words[3].as_str().unwrap();
    assert!(summary.contains("power cap") && summary.contains("running free"), "{summary}");
    app.run("document.querySelector('.held .lane').focus()").await;
    let said = "return Array.from(document.querySelectorAll('.held [role=\"status\"]'), one => one.textContent)";
    app.press("ArrowLeft").await;
    app.shows("the newest state is said", said, |it| it[0].as_str().is_some_and(|it| it.starts_with("power cap, ")))
        .await;
    app.press("ArrowLeft").await;
    app.shows("and the one before", said, |it| it[0].as_str().is_some_and(|it| it.starts_with("running free, "))).await;
    let pointed = "return document.querySelector('[data-testid=\"state-pointed\"]')?.textContent ?? null";
    app.shows("the legend says it too", pointed, |it| it.as_str().is_some_and(|it| it.starts_with("running free, ")))
        .await;
    app.press("Escape").await;
    app.shows("until the crosshair is gone", pointed, Value::is_null).await;
}

#[test]
fn heat_is_told_from_what_the_driver_and_what_the_hardware_slows() {
    super::test(async || {
        let (screen, home) = (Screen::open(), Home::new());
        let hot = but(&[("throttle_reasons", "32"), ("temperature", "88 C")]);
        let link = "pcie_generation = 1\npcie_generation_max = 4\npcie_width = 4\npcie_width_max = 16\n";
        let app = page_of(&screen, &home, &(hot + link)).await;
        says(&app, "held_back", &["Slowed by heat 100 %", "Up to 88 °C"]).await;
        says(&app, "held_back", &["PCIe link below its maximum 100 %", "GPU 90 % busy, 1.0 ×4 of 4.0 ×16"]).await;
        assert!(drawn(&app, "temperature").await > 5.0);
        home.script(&but(&[("throttle_reasons", "72"), ("temperature", "95 C")]));
        let both = says(&app, "held_back", &["Slowed by the hardware for heat", "Slowed by heat", "to 95 °C"]).await;
        assert_eq!(both[2].as_array().unwrap().len(), 2, "{both}");
        app.close().await;
    });
}

#[test]
fn an_idle_gpu_is_idle_and_one_that_does_not_tell_says_so() {
    super::test(async || {
        let (screen, home) = (Screen::open(), Home::new());
        let app = page_of(&screen, &home, &but(&[("throttle_reasons", "1"), ("utilization", "0 %")])).await;
        says(&app, "idle", &["Idle 100 %"]).await;
        assert!(drawn(&app, "gpu").await < 0.5, "nothing is drawn in the hue of work");
        app.close().await;

        let (screen, home) = (Screen::open(), Home::new());
        let app = page_of(&screen, &home, &but(&[("throttle_reasons", "error NOT_SUPPORTED")])).await;
        let shown = says(&app, "untold", &["does not tell", "GPU 90 % busy"]).await;
        assert!(shown[2][0].as_str().unwrap().starts_with("not told"), "{shown}");
        app.close().await;
    });
}

#[test]
fn a_gpu_that_is_busy_with_nothing_is_possibly_hung_after_a_minute_and_a_lost_one_is_a_gap() {
    super::test(async || {
        let (screen, home) = (Screen::open(), Home::new());
        let idle = crate::gpu::let_go::watch(); // the minute serves that too
        let stuck = but(&[("utilization", "98 %"), ("power_draw", "90 W"), ("memory_bandwidth", "0 %")]);
        let app = page_of(&screen, &home, &stuck).await;
        says(&app, "running_free", &["Running free"]).await;
        let patience = Duration::from_mins(2);
        until("a minute has passed, and the window says that it may hang", patience, async || {
            let shown = app.run(SHOWN).await;
            if shown[0] == "possibly_hung" { Ok(()) } else { Err(shown) }
        })
        .await;
        says(&app, "possibly_hung", &["Possibly hung for 1 m", "GPU 98 % busy, 90 W of a 450 W limit"]).await;

        home.script(&stuck.replace("[gpu]\n", "[gpu]\nstate = lost\n"));
        let gap = "return document.querySelector('.held .states').textContent";
        app.shows("the time without it is a gap with its reason", gap, |it| {
            it.as_str().is_some_and(|it| it.contains("gap: lost"))
        })
        .await;
        idle.join().unwrap();
        app.close().await;
    });
}

/// A disk under real load beside a GPU with little to do. Where the kernel has neither pressure nor a disk to be busy, as
/// in some containers, there is nothing to see and the rule's own tests must do.
#[test]
fn a_disk_under_load_beside_a_gpu_with_little_to_do_has_it_probably_waiting_for_data() {
    super::test_alone(async || {
        let (screen, home) = (Screen::open(), Home::new());
        let folder = tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR")).unwrap();
        let _load = Group::start("stress-ng", |command| {
            // written and forced to the disk again and again: whoever writes waits
            command.args(["--hdd", "4", "--hdd-opts", "sync,wr-rnd", "--hdd-bytes", "64M", "--quiet", "--temp-path"]);
            command.arg(folder.path()).stdout(Stdio::null()).stderr(Stdio::null());
        });
        let app = page_of(&screen, &home, &but(&[("utilization", "12 %")])).await;
        app.later_tick(app.later_tick(0).await).await;
        let mut loaded = 0;
        for _ in 0..40 {
            app.later_tick(app.tick().await).await;
            let disk = app.ask("get_current_metrics").await["disk"].take();
            loaded += u32::from(disk["pressure_some"].as_f64() >= Some(30.0));
            if loaded >= 20 {
                break;
            }
        }
        if loaded < 20 {
            eprintln!("this machine's disk can't be made to keep anybody waiting: nothing to see here");
        } else {
            says(&app, "waiting_for_data", &["Probably waiting for data", "GPU 12 % busy", "I/O pressure"]).await;
        }
        app.close().await;
    });
}
