// How the page is built and tested: external files only, because the window's content security policy allows nothing inline.
import { relative } from "node:path";
import { svelte } from "@sveltejs/vite-plugin-svelte";
import { svelteTesting } from "@testing-library/svelte/vite";
import type { Plugin } from "vite";
import { defineConfig } from "vitest/config";

/** The page's larger part is asked for with its first one, and not by it. So is its style sheet, since there is one. */
const preload: Plugin = {
	name: "preload-app",
	transformIndexHtml: {
		order: "post",
		handler: (_, { bundle }) =>
			Object.values(bundle ?? {})
				.filter((one) => one.type === "chunk" && one.isDynamicEntry && one.name === "App")
				.map(({ fileName }) => ({
					tag: "link",
					attrs: { rel: "modulepreload", crossorigin: true, href: `/${fileName}` },
					injectTo: "head",
				})),
	},
};

/** Which component has the class. */
const classes = new Map<string, string>();

/** Short, since random letters don't compress: 350 bytes of them. Of the path from here: every checkout has the same, and styles can change
 * while the page is shown. */
function cssHash({ hash, filename }: { hash(text: string): string; filename: string }): string {
	const name = `s${hash(relative(import.meta.dirname, filename)).slice(-3)}`;
	const its = classes.get(name) ?? filename;
	if (its !== filename) throw new Error(`${its} and ${filename} have the class ${name}: it takes another letter`);
	classes.set(name, filename);
	return name;
}

export default defineConfig({
	plugins: [svelte({ compilerOptions: { cssHash, discloseVersion: false } }), svelteTesting(), preload],
	clearScreen: false,
	server: { port: 5173, strictPort: true },
	build: {
		outDir: "dist",
		// WebKitGTK and WKWebView of 2024 on, WebView2 is evergreen: light-dark() and the rest need no fallback.
		target: ["safari18", "chrome125"],
		assetsInlineLimit: 0,
		cssCodeSplit: false,
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
		expect: { poll: { timeout: 20_000 } },
	},
});
