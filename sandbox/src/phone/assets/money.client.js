/** An amount of fen, as WeChat writes it. */
export function yuan(fen) {
  return `¥${(fen / 100).toFixed(2)}`;
}
