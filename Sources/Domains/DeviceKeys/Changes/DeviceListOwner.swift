import MatrixIdentifiers
import MatrixJSON
import Postgres
package import Streams

/// What the writer of the device lists stream does when it is called.
package struct DeviceListOwner: Sendable {
  static let publish = "publish"
  static let note = "note"

  let committer: StreamCommitter<DeviceListRow>
  let writer: WriterID

  package init(committer: StreamCommitter<DeviceListRow>, writer: WriterID) {
    self.committer = committer
    self.writer = writer
  }

  package func register(in owner: LocalOwner) {
    owner.register(.deviceLists, Self.publish) { body throws(OwnerError) in
      try await publish(try Self.decode(body) { try IdentityCall($0) })
    }
    owner.register(.deviceLists, Self.note) { body throws(OwnerError) in
      try await note(try Self.decode(body) { try ChangedDevicesCall($0) })
    }
    registerCrossSigning(in: owner)
  }

  /// Makes the keys of a device known; the same keys again change nothing.
  private func publish(_ call: IdentityCall) async throws(OwnerError) -> [UInt8] {
    try await committer.commit(
      change(of: call.user, reads: IdentityStore.reads(for: call.user, call.device)) {
        read throws(OwnerError) in
        guard !read[0].isEmpty else { throw DeviceKeyError.deviceIsGone.refusal }
        guard read[2].isEmpty else { throw Self.nameIsTaken }
        var keys = call.keys
        if let known = IdentityStore.read(read[1], of: call.user), known.body == keys.body {
          // Signatures of the same keys add up: the user's self-signing key's stays.
          var signatures = known.signatures
          signatures.add(keys.signatures.byKey)
          guard signatures != known.signatures else { return Step() }
          keys = IdentityKeys(body: keys.body, signatures: signatures)
        }
        return Step(
          writes: [IdentityStore.write(keys, of: call.user, call.device)],
          rows: [DeviceListRow(userID: call.user, deviceID: call.device)])
      })
  }

  /// Tells what others have changed.
  private func note(_ call: ChangedDevicesCall) async throws(OwnerError) -> [UInt8] {
    var devices = call.devices
    var isComplete = false
    while !isComplete {
      let reads = [
        PendingChangeStore.take(of: call.user),
        PendingChangeStore.known(devices, of: call.user),
      ]
      let answer = try await committer.commit(
        change(
          of: call.user, reads: reads, rowLimit: PendingChangeStore.batchLimit + devices.count
        ) { read throws(OwnerError) in
          let taken = (0..<read[0].count).compactMap { read[0].text($0, 0) }
          let known = (0..<read[1].count).compactMap { read[1].text($0, 0) }
          let rows = Set(taken + known).sorted().map {
            DeviceListRow(userID: call.user, deviceID: $0)
          }
          let isLast = taken.count < PendingChangeStore.batchLimit
          return Step(rows: rows, answer: Array((isLast ? "{}" : "{\"more\":true}").utf8))
        })
      isComplete = answer.count == 2
      devices = []
    }
    return Array("{}".utf8)
  }

  static let nameIsTaken = OwnerError.refused(
    status: 403, code: "M_FORBIDDEN",
    reason: "A device cannot have the name of a cross-signing key, nor the other way round")
}

// Changes of one user's list.
extension DeviceListOwner {
  /// What a change comes to.
  struct Step {
    var writes: [Query] = []
    /// As many as the change has positions, at most.
    var rows: [DeviceListRow] = []
    var answer = Array("{}".utf8)
  }

  typealias Decision = @Sendable (_ read: [Rows]) throws(OwnerError) -> Step

  /// A change that is stored with the places of its rows in the stream, and tells the rooms that
  /// the user is in.
  func change(
    of user: UserID, reads: [Query], rowLimit: Int = 1, _ decide: @escaping Decision
  ) -> StreamChange<DeviceListRow> {
    StreamChange(
      subject: user.text, reads: reads + [DeviceListStore.rooms(of: user)], rowLimit: rowLimit
    ) { read, positions in
      let step = try decide(read)
      var rooms = read.last.map { DeviceListStore.roomIDs($0, 0, 0) } ?? []
      var (rows, writes) = ([StreamRow<DeviceListRow>](), step.writes)
      for (row, position) in zip(step.rows, positions) {
        writes.append(DeviceListStore.upsert(row, at: position, by: writer))
        rows.append(
          StreamRow(
            position: position,
            row: DeviceListRow(
              userID: row.userID, deviceID: row.deviceID, audience: row.audience,
              rooms: row.audience == nil ? rooms : [])))
        if row.audience == nil { rooms = [] }
      }
      return StreamOutcome(writes: writes, rows: rows, answer: step.answer)
    }
  }

  static func decode<Value>(
    _ body: [UInt8], _ read: (JSONView) throws -> Value
  ) throws(OwnerError) -> Value {
    do {
      return try read(try JSONDocument(body).root)
    } catch {
      throw .unavailable(reason: "the call cannot be read")
    }
  }
}

extension DeviceKeyError {
  /// The same for a caller in another process.
  var refusal: OwnerError {
    .refused(status: 401, code: "M_UNKNOWN_TOKEN", reason: "The device has been deleted")
  }
}
