/// A request to the process that writes a stream. It may arrive more than once, so whatever it
/// does must be the same when done twice.
package struct OwnerCall: Sendable {
  package let stream: StreamName
  /// What is to be done, a word of the stream's own.
  package let action: String
  /// Decides which of the stream's writers is asked: a user or room id.
  package let key: String
  /// A JSON object.
  package let body: [UInt8]

  package init(stream: StreamName, action: String, key: String, body: [UInt8]) {
    self.stream = stream
    self.action = action
    self.key = key
    self.body = body
  }
}

package enum OwnerError: Error, Sendable, Equatable {
  /// The request is wrong: a Matrix error for its client.
  case refused(status: Int, code: String, reason: String)
  /// It was not done, or it is not known whether it was; it may be tried again.
  case unavailable(reason: String)
}

/// The way to the owners of streams, wherever they run.
package protocol StreamOwner: Sendable {
  /// - Returns: a JSON object.
  func call(_ call: OwnerCall) async throws(OwnerError) -> [UInt8]
}

/// Finds the owner of a stream's key among the stream's writers.
package struct ShardedOwners: StreamOwner {
  private let shards: [StreamName: ShardMap]
  private let instances: [String: any StreamOwner]

  /// - Parameter instances: by name; every writer of `shards` is among them.
  package init(shards: [StreamName: ShardMap], instances: [String: any StreamOwner]) {
    self.shards = shards
    self.instances = instances
  }

  package func call(_ call: OwnerCall) async throws(OwnerError) -> [UInt8] {
    guard let name = shards[call.stream]?.writer(of: call.key), let owner = instances[name] else {
      throw .unavailable(reason: "nobody writes the stream \(call.stream.rawValue)")
    }
    return try await owner.call(call)
  }
}
