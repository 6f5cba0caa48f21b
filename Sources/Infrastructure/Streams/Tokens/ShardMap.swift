import MatrixCrypto

/// Which of several writers owns a key. The SHA-256 of the key, read as a little-endian number,
/// modulo the number of writers: the same choice that Synapse makes, so that a configuration
/// carries over with its shards.
package struct ShardMap: Sendable {
  package let writers: [String]

  /// Nil without writers. The order of the names decides who owns what.
  package init?(writers: [String]) {
    guard !writers.isEmpty else { return nil }
    self.writers = writers
  }

  package func writer(of key: String) -> String {
    writers[index(of: key)]
  }

  func index(of key: String) -> Int {
    guard writers.count > 1 else { return 0 }
    return SHA256.hash(Array(key.utf8)).reversed().reduce(0) { remainder, byte in
      (remainder << 8 | Int(byte)) % writers.count
    }
  }
}
