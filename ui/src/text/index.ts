// The one catalogue that the window reads its words from.
import { en, type Messages } from "./en";

export const t: Messages = en;
export type { Messages };
