//! What moved on or stood still looks as if it were drawn anew: canvases move by pixels and paint what is new.

use serde_json::{Value, json};

use super::SOON;
use super::app::{App, Gpus, Home};
use super::charts::{RAMP, collect, press_button};
use crate::common::screen::Screen;
use crate::common::until::until;

const CHARTS: &str = ".u-wrap canvas";
const SPARKLINES: &str = ".rail canvas";

/// Keeps what every canvas that is selected shows; the second time says of each how wide it is, and how far it is from the first: the mean of
/// nine neighbouring pixels, where it is furthest off. (One pixel alone may be smoothed in another way.)
const PIXELS: &str = "const [selector, done] = arguments;
    const apart = ({ width, height, data }, before) => {
        let most = 0;
        for (let colour = 0; colour < 3; colour++) {
            const light = (of, pixel) => (of[pixel + colour] * of[pixel + 3]) / 255;
            const off = (x, y) => Math.abs(light(data, (y * width + x) * 4) - light(before.data, (y * width + x) * 4));
            const beside = (x, y) => off(x - 1, y) + off(x, y) + off(x + 1, y);
            for (let x = 1; x < width - 1; x++)
                for (let y = 1; y < height - 1; y++)
                    most = Math.max(most, (beside(x, y - 1) + beside(x, y) + beside(x, y + 1)) / 9);
        }
        return Math.round(most);
    };
    requestAnimationFrame(() => requestAnimationFrame(() => {
        const now = Array.from(document.querySelectorAll(selector),
            canvas => canvas.getContext('2d').getImageData(0, 0, canvas.width, canvas.height));
        const before = window.kept ?? now;
        window.kept = now;
        done(now.map((one, at) => [one.width, before[at].data.length === one.data.length ? apart(one, before[at]) : null]));
    }))";

async fn pixels(app: &App, selector: &str) -> Vec<Value> {
    let found = app.client.execute_async(PIXELS, vec![json!(selector)]).await.unwrap();
    found.as_array().unwrap().clone()
}

/// The edge of a line is smoothed in another way where only a part of it is drawn: off by 17 of 255 at most in what was seen. A
/// plot one pixel beside its place is off by 101 and more.
fn look_alike(canvases: &[Value]) -> bool {
    canvases.iter().all(|one| one[1].as_u64().is_some_and(|off| off < 32))
}

#[test]
fn a_sparkline_that_moved_on_looks_as_if_it_were_drawn_anew() {
    super::test(async || {
        let (screen, home) = (Screen::open(), Home::new());
        home.script(RAMP);
        let app = App::start(&screen, &home, Gpus::Scripted).await;
        app.resize(1280, 800).await;
        collect(&app, 24).await;
        app.call("update_settings", json!({ "patch": { "interval": 60.0 } })).await.unwrap();
        until("they are compared between two samples", SOON, async || {
            let tick = app.tick().await;
            pixels(&app, SPARKLINES).await;
            app.run("window.moved = window.kept").await;
            // A canvas of another size begins anew, in the frame after the next.
            app.run("document.documentElement.style.setProperty('--rail', '120px')").await;
            pixels(&app, SPARKLINES).await;
            let narrow = pixels(&app, SPARKLINES).await;
            app.run("document.documentElement.style.removeProperty('--rail')").await;
            pixels(&app, SPARKLINES).await;
            pixels(&app, SPARKLINES).await;
            app.run("window.kept = window.moved").await;
            let wide = pixels(&app, SPARKLINES).await;
            if app.tick().await != tick {
                return Err("a sample came");
            }
            assert!(wide.len() >= 5 && narrow.iter().zip(&wide).all(|(one, other)| one[0] != other[0]), "{narrow:?}");
            assert!(look_alike(&wide), "{wide:?}");
            Ok(())
        })
        .await;
        app.close().await;
    });
}

#[test]
fn a_chart_that_moved_on_looks_as_if_it_were_drawn_anew() {
    super::test(async || {
        let (screen, home) = (Screen::open(), Home::new());
        home.script(RAMP);
        let app = App::start(&screen, &home, Gpus::Scripted).await;
        app.resize(1280, 800).await;
        for range in ["range-1m", "range-5m"] {
            press_button(&app, range, true).await;
            collect(&app, 24).await;
            // Through a pause in which it was drawn anew, too.
            app.pause(true).await;
            let mut tick = app.tick().await;
            for _ in 0..8 {
                tick = app.later_tick(tick).await;
            }
            app.resize(1100, 700).await;
            pixels(&app, CHARTS).await;
            app.resize(1280, 800).await;
            pixels(&app, CHARTS).await;
            app.pause(false).await;
            app.later_tick(app.later_tick(app.tick().await).await).await;
            app.pause(true).await;
            app.later_tick(app.later_tick(app.tick().await).await).await;
            pixels(&app, CHARTS).await;
            // A canvas of another size begins anew.
            app.resize(1100, 700).await;
            app.run("window.moved = window.kept").await;
            let narrow = pixels(&app, CHARTS).await;
            app.resize(1280, 800).await;
            pixels(&app, CHARTS).await;
            app.run("window.kept = window.moved").await;
            let wide = pixels(&app, CHARTS).await;
            assert!(wide.len() >= 5 && narrow.iter().zip(&wide).all(|(one, other)| one[0] != other[0]), "{narrow:?}");
            assert!(look_alike(&wide), "{range}: {wide:?}");
            app.pause(false).await;
        }
        app.close().await;
    });
}
