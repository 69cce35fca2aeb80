// How the page is built and tested: external files only, because the window's content security policy allows nothing inline.
import { svelte } from "@sveltejs/vite-plugin-svelte";
import { svelteTesting } from "@testing-library/svelte/vite";
import { defineConfig } from "vitest/config";

export default defineConfig({
	plugins: [svelte(), svelteTesting()],
	clearScreen: false,
	server: { port: 5173, strictPort: true },
	build: {
		outDir: "dist",
		// WebKitGTK and WKWebView of 2024 on, WebView2 is evergreen: light-dark() and the rest need no fallback.
		target: ["safari18", "chrome125"],
		assetsInlineLimit: 0,
		modulePreload: { polyfill: false },
		reportCompressedSize: true,
	},
	test: {
		environment: "happy-dom",
		setupFiles: ["./test-setup.ts"],
		include: ["src/**/*.test.ts"],
		restoreMocks: true,
		// An hour of rows, or eight GPUs, on a machine that builds something beside it.
		testTimeout: 30_000,
	},
});
