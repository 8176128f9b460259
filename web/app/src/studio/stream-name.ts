const KINDS = "amber bright calm clear cool deep early gentle high quiet silver swift".split(" ");
const WATERS = "bay brook cove creek delta fjord lake reef river spring strait tide".split(" ");

/** A name that can be said on the phone, like `quiet-brook-417`. */
export function randomStreamName(random: () => number = Math.random): string {
  const one = (words: string[]) => words[Math.floor(random() * words.length)];
  return `${one(KINDS)}-${one(WATERS)}-${100 + Math.floor(random() * 900)}`;
}
