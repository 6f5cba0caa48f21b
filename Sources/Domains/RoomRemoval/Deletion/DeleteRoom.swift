package import MatrixIdentifiers
import MatrixJSON
package import Postgres
package import Rooms
package import Streams
package import TaskScheduler

/// The task that puts this server's users out of a room, takes them to another one if that is
/// wanted, and removes what is stored of the room.
///
/// Each step can be done twice. A process that ends between making the new room and noting it
/// leaves that one behind, empty but for its owner.
package struct DeleteRoom: Sendable {
  /// The room is the task's resource.
  package static let action = TaskAction<RoomDeletion, DeletionProgress>("delete_room", limit: 3)

  /// A part of what is kept of rooms.
  package struct Erasure: Sendable {
    /// Removes some rows of a room.
    /// - Parameter place: where the batch before has come to; `.min` to begin with.
    /// - Returns: how many, and where it has come to; no rows say that none are left.
    package typealias Removal =
      @Sendable (RoomID, _ place: Int64, _ limit: Int64, Transaction) async throws
      -> (rows: Int, place: Int64)

    let name: String
    let remove: Removal

    package init(_ name: String, _ remove: @escaping Removal) {
      self.name = name
      self.remove = remove
    }
  }

  /// Rows of each kind in one transaction.
  private static let batch: Int64 = 200
  private static let patience = Duration.seconds(5)
  /// Users between two notes of the progress.
  private static let usersPerNote = 20

  private let evacuation: RoomEvacuation
  private let persister: any EventPersister
  private let erasures: [Erasure]
  private let locks: WorkerLocks
  private let invalidations: InvalidationFeed

  /// - Parameter erasures: of every domain that keeps something of rooms, in their order.
  package init(
    evacuation: RoomEvacuation, persister: any EventPersister, erasures: [Erasure],
    locks: WorkerLocks, invalidations: InvalidationFeed
  ) {
    self.evacuation = evacuation
    self.persister = persister
    self.erasures = erasures
    self.locks = locks
    self.invalidations = invalidations
  }

  package func callAsFunction(
    _ run: TaskRun<RoomDeletion, DeletionProgress>
  ) async throws -> TaskOutcome<DeletionProgress> {
    guard let room = run.resource.flatMap({ RoomID($0) }) else {
      return .failed("the task names no room")
    }
    var progress = run.progress ?? DeletionProgress()
    if progress.stage == .emptying { progress = try await empty(room, run, progress) }
    guard run.parameters.purges else { return .complete(progress) }
    guard try await evacuation.isEmpty(room) || run.parameters.forcesPurge else {
      return .failed("users of this server are still in the room", progress)
    }
    if progress.stage == .erasing { progress = try await erase(room, run, progress) }
    return .complete(progress)
  }

  private func empty(
    _ room: RoomID, _ run: TaskRun<RoomDeletion, DeletionProgress>, _ before: DeletionProgress
  ) async throws -> DeletionProgress {
    var progress = before
    let deletion = run.parameters
    if deletion.blocks { try await evacuation.block(room, by: deletion.requester) }
    if let owner = deletion.newRoomOwner, progress.newRoom == nil {
      progress.newRoom = try await evacuation.makeRoom(for: owner, deletion)
      try await run.update(progress)
    }
    for (index, user) in try await evacuation.users(of: room).enumerated() {
      let hasLeft = try await evacuation.move(user, from: room, to: progress.newRoom)
      progress.note(user, left: hasLeft)
      if index % Self.usersPerNote == Self.usersPerNote - 1 { try await run.update(progress) }
    }
    progress.aliases += try await evacuation.moveAliases(of: room, to: progress.newRoom)
    progress.stage = deletion.purges ? .erasing : .done
    try await run.update(progress)
    return progress
  }

  private func erase(
    _ room: RoomID, _ run: TaskRun<RoomDeletion, DeletionProgress>, _ before: DeletionProgress
  ) async throws -> DeletionProgress {
    do {
      try await persister.close(room)
    } catch {
      throw TaskError.interrupted(reason: "the room's writer does not answer")
    }
    do {
      return try await locks.withLock(
        .roomHistory, room.text, .exclusive, patience: Self.patience
      ) { held in
        var progress = before
        while progress.stage != .done {
          let began = ContinuousClock.now
          progress = try await step(room, run, held, progress)
          guard progress.stage != .done else { break }
          try await Task.sleep(for: StepPace.rest(after: ContinuousClock.now - began))
        }
        try await run.update(progress)
        invalidations.announce(.roomHistories, [room.text])
        return progress
      }
    } catch let error as LockError {
      throw TaskError.interrupted(reason: "\(error)")
    }
  }

  private func step(
    _ room: RoomID, _ run: TaskRun<RoomDeletion, DeletionProgress>, _ held: HeldLock,
    _ before: DeletionProgress
  ) async throws -> DeletionProgress {
    try await run.step(.repeatable, under: [.plansByIndex, held.fence()]) { transaction in
      var progress = before
      var rest = erasures[...]
      if let name = before.erasing, let index = erasures.firstIndex(where: { $0.name == name }) {
        rest = erasures[index...]
      }
      while let erasure = rest.popFirst() {
        let removed = try await erasure.remove(
          room, progress.place ?? .min, Self.batch, transaction)
        progress.note(removed, erasure.name)
        if removed.rows > 0 { return progress }
      }
      try await RoomErasure.removeRoom(room, in: transaction)
      _ = try await transaction.queryAll([
        InvalidationFeed.statement(.roomHistories, [room.text])
      ])
      progress.stage = .done
      return progress
    }
  }
}
