#!/bin/sh
# Makes every icon from telltale.svg, so that the drawing is the only thing to edit. Needs rsvg-convert (librsvg2-bin).
set -eu
cd "$(dirname "$0")"
png() { rsvg-convert --width "$1" --height "$1" telltale.svg --output "$2"; }
png 32 32x32.png
png 128 128x128.png
png 256 128x128@2x.png
png 512 icon.png
