// An answer that is not waited for longer than it may take.

/** What `answer` resolves to, or a refusal where it has not within so many ms: its own answer is not heard then. */
export async function within<T>(limit: number, answer: Promise<T>): Promise<T> {
	let timer: ReturnType<typeof setTimeout> | undefined;
	const late = new Promise<never>((_, refuse) => {
		timer = setTimeout(() => refuse(new Error(`no answer within ${limit} ms`)), limit);
	});
	try {
		return await Promise.race([answer, late]);
	} finally {
		clearTimeout(timer);
	}
}
