import MatrixIdentifiers
import MatrixJSON

/// An event of 1 KB as other servers send it: compact, the keys in no order.
private let received = """
  {"type":"m.room.message","room_id":"!jEsUZKDJdhlrceRyVU:example.org","sender":"@alice:example.org",\
  "content":{"msgtype":"m.text","format":"org.matrix.custom.html","body":"> <@bob:example.net> \
  Shall we meet at the usual place at eight?\\n\\nYes, and bring the \\"other\\" papers — all of them, \
  please. 日本語","formatted_body":"<mx-reply><blockquote>Shall we meet at the usual place at \
  eight?</blockquote></mx-reply>Yes","m.relates_to":{"m.in_reply_to":{"event_id":\
  "$5COPTmaLBfkpDUXT1qiAsueXFksjpiPRrZZ3JD1SGGo"}}},"depth":12345,"auth_events":\
  ["$0gR3UwqrxpjFay4338XWRF9-4aoD6Kudndvns2aWoO8","$vTSRlHWTTyIIoMPmbKFVF3KhVek4231d4xu6ncF--A0"],\
  "prev_events":["$1eK46m1sw88aMFx2hIrLwWZuzWn_F96IzqVIjNU7HAM"],"origin_server_ts":1700000000123,\
  "hashes":{"sha256":"5jM4wQpv6lnBo7CLIghJuHdW+s2CMBJPUOGOC89ncos"},"signatures":{"example.org":\
  {"ed25519:a_AbCd":"KxwGjPSDEtvnFgU00fwFz+l6d2pJM6XBIaMEn81SXPTRl16AqLAYqfIReFGZlHi5KLjAWbOoMszkwsQma\
  +lYAg"}},"unsigned":{"age":4612}}
  """

let jsonBenchmarks: [Benchmark] = [
  Benchmark("json/parse-1k") {
    let bytes = Array(received.utf8)
    return { try JSONDocument(bytes, limits: .event).root.count }
  },
  Benchmark("json/parse-and-canonical-1k") {
    let bytes = Array(received.utf8)
    return { try canonicalJSON(JSONDocument(bytes, limits: .event).root).count }
  },
  Benchmark("json/parse-and-canonical-1k-in-order") {
    let bytes = try canonicalJSON(JSONDocument(Array(received.utf8)).root)
    return { try canonicalJSON(JSONDocument(bytes, limits: .event).root).count }
  },
  Benchmark("json/parse-and-canonical-1k-without-unsigned") {
    let bytes = Array(received.utf8)
    return {
      try canonicalJSON(JSONDocument(bytes, limits: .event).root, dropping: ["unsigned"]).count
    }
  },
  Benchmark("ids/user") {
    let text = "@alice.something:matrix.example.org"
    return { UserID(text)?.localpart.utf8.count ?? 0 }
  },
  Benchmark("ids/event") {
    let text = "$1eK46m1sw88aMFx2hIrLwWZuzWn_F96IzqVIjNU7HAM"
    return { EventID(text)?.text.utf8.count ?? 0 }
  },
]
