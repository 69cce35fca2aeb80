#!/bin/sh
# Makes every icon from telltale.svg, so that the drawings are the only things to edit. Needs rsvg-convert (librsvg2-bin)
# for the sizes of Linux, and the page's packages (`npm ci` in ui/) for Windows' .ico and macOS's .icns.
# telltale-symbolic.svg is drawn by hand: one colour, for panels that choose it.
set -eu
cd "$(dirname "$0")"
for side in 16 22 24 32 48 64 128 256 512; do
	rsvg-convert --width "$side" --height "$side" telltale.svg --output "${side}x$side.png"
done
made=$(mktemp -d)
trap 'rm -rf "$made"' EXIT
../ui/node_modules/.bin/tauri icon 512x512.png --output "$made"
cp "$made/icon.ico" "$made/icon.icns" .
