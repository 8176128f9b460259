const HEAD = 13;
const HANDSHAKE_HEAD = 12;

const CONTENTS: Record<number, string> = { 20: "CCS", 21: "Alert", 22: "Handshake", 23: "Data" };
const MESSAGES: Record<number, string> = {
  1: "ClientHello",
  2: "ServerHello",
  3: "HelloVerifyRequest",
  4: "NewSessionTicket",
  11: "Certificate",
  12: "ServerKeyExchange",
  13: "CertificateRequest",
  14: "ServerHelloDone",
  15: "CertificateVerify",
  16: "ClientKeyExchange",
};

/** The records of a datagram of DTLS 1.2, as `ClientHello#0`, with the message's number, or
 * `Handshake/1`, with the epoch, where it is encrypted (RFC 6347 §4.1, §4.2.2). */
export function dtlsRecords(datagram: Buffer): string[] {
  const records: string[] = [];
  let rest = datagram;
  while (rest.length >= HEAD) {
    const content = rest.readUInt8(0);
    const epoch = rest.readUInt16BE(3);
    const length = rest.readUInt16BE(11);
    const fragment = rest.subarray(HEAD, HEAD + length);
    records.push(...named(content, epoch, fragment));
    rest = rest.subarray(HEAD + length);
  }
  return records;
}

function named(content: number, epoch: number, fragment: Buffer): string[] {
  const kind = CONTENTS[content] ?? String(content);
  if (epoch > 0 || kind !== "Handshake") return [epoch > 0 ? `${kind}/${epoch}` : kind];
  const messages: string[] = [];
  let rest = fragment;
  while (rest.length >= HANDSHAKE_HEAD) {
    const message = rest.readUInt8(0);
    messages.push(`${MESSAGES[message] ?? message}#${rest.readUInt16BE(4)}`);
    rest = rest.subarray(HANDSHAKE_HEAD + rest.readUIntBE(9, 3));
  }
  return messages;
}
