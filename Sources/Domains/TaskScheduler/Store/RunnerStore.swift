import Postgres

/// A task that a runner has taken.
struct ClaimedTask: Sendable, Equatable {
  let id: String
  let token: Int64
  let action: String
  let resource: String?
  /// JSON objects.
  let parameters: String?
  let result: String?
  let launch: Int64
  /// Launches without progress, this one included.
  let fruitless: Int64
  /// Milliseconds from when it was due.
  let late: Int64
  /// Its former runner has not been heard of any more.
  let resumes: Bool
  let isCancelled: Bool
}

/// The answer to a claim.
struct Claim: Sendable, Equatable {
  var tasks: [ClaimedTask] = []
  /// Another runner was claiming; nothing was looked at.
  var isBusy = false
  /// Something is due that was not taken, for want of room or because of its action's limit.
  var isHeldBack = false
  /// Milliseconds until the next task is due, or until a lease ends if it is not renewed.
  var next: Int64?
}

/// A task that runs and stores nothing.
struct StuckTask: Sendable, Equatable {
  let id: String
  let action: String
}

/// The SQL of runners.
struct RunnerStore: Sendable {
  let runner: String
  let database: Database

  /// What an earlier process of this name has left can be taken at once.
  func releaseOwn() async throws {
    _ = try await database.query(Self.releaseAll, [.text(runner)])
  }

  func claim(
    _ entries: [TaskRegistry.Entry], besides own: [String], room: Int, lease: Duration
  ) async throws -> Claim {
    // A claim that a crash of the server undoes leaves a token that nobody has.
    let rows = try await database.queryAll([
      .relaxedCommit,
      Query(
        Self.claimTasks,
        [
          .text(runner), .texts(own), .texts(entries.map(\.name)),
          .ints(entries.map { Int64($0.limit) }), .int(Int64(room)), .double(lease / .seconds(1)),
        ]),
    ])
    return rows.last.map(Self.read) ?? Claim()
  }

  /// - Returns: the tasks that are still this runner's; true for those that shall end.
  func renew(_ tasks: [RunningTask], lease: Duration) async throws -> [String: Bool] {
    let answers = try await database.queryAll([
      .relaxedCommit,
      Query(
        Self.renewLeases,
        [
          .texts(tasks.map(\.id)), .ints(tasks.map(\.token)), .double(lease / .seconds(1)),
        ]),
    ])
    var held: [String: Bool] = [:]
    guard let rows = answers.last else { return held }
    for row in 0..<rows.count {
      guard let id = rows.text(row, 0) else { continue }
      held[id] = rows.bool(row, 1) ?? false
    }
    return held
  }

  /// Writes the end of a launch; without effect when another runner has taken the task.
  func end(_ task: RunningTask, _ ending: TaskEnding) async throws {
    _ = try await database.query(
      Self.endTask,
      [
        .text(task.id), .int(task.token), .text(ending.status.rawValue), .text(ending.result),
        .text(ending.error), .bool(ending.due != nil), .int(ending.due?.absolute),
        .int(ending.due?.delay), .bool(ending.isFruitless),
        .bool(ending.startsOver),
      ])
  }

  /// Leaves the task to whoever comes next, because this process stops.
  func release(_ task: RunningTask) async throws {
    _ = try await database.query(Self.releaseTask, [.text(task.id), .int(task.token)])
  }

  /// Makes the one task of an action that recurs, unless it is there.
  func ensure(_ task: NewTask) async throws {
    _ = try await database.queryAll([TaskStore.insert(task)])
  }

  /// Tasks without progress for a day: how many there are, and those that are this runner's, or
  /// nobody's.
  func stuck() async throws -> (count: Int, own: [StuckTask]) {
    let rows = try await database.query(
      Self.selectStuck, [.text(runner), .int(Self.stuckLimit)])
    let own = (0..<rows.count).compactMap { row -> StuckTask? in
      guard rows.bool(row, 2) == true, let id = rows.text(row, 0), let action = rows.text(row, 1)
      else { return nil }
      return StuckTask(id: id, action: action)
    }
    return (rows.count, own)
  }

  private static func read(_ rows: Rows) -> Claim {
    var claim = Claim()
    for row in 0..<rows.count {
      guard let id = rows.text(row, 0), let token = rows.int(row, 1),
        let action = rows.text(row, 2)
      else {
        claim.isBusy = rows.bool(row, 11) ?? false
        claim.isHeldBack = rows.bool(row, 12) ?? false
        claim.next = rows.int(row, 13)
        continue
      }
      claim.tasks.append(
        ClaimedTask(
          id: id, token: token, action: action, resource: rows.text(row, 3),
          parameters: rows.text(row, 4), result: rows.text(row, 5), launch: rows.int(row, 6) ?? 1,
          fruitless: rows.int(row, 7) ?? 1, late: rows.int(row, 8) ?? 0,
          resumes: rows.bool(row, 9) ?? false, isCancelled: rows.bool(row, 10) ?? false))
    }
    return claim
  }

  /// Tasks that are counted.
  private static let stuckLimit: Int64 = 100

  private static let selectStuck = Statement(
    "tasks_stuck",
    """
    SELECT id, action, runner = $1 OR lease_until < clock_timestamp() FROM scheduled_tasks
    WHERE \(TaskStore.isStuck) LIMIT $2
    """)

  private static let releaseAll = Statement(
    "tasks_release_own",
    """
    UPDATE scheduled_tasks SET lease_until = clock_timestamp()
    WHERE status = 'active' AND runner = $1
    """)

  private static let claimTasks = Statement(
    "tasks_claim", "SELECT * FROM apus_claim_tasks($1, $2, $3, $4, $5, $6)", repeatable: false)

  private static let renewLeases = Statement(
    "tasks_renew",
    """
    UPDATE scheduled_tasks t SET lease_until = clock_timestamp() + make_interval(secs => $3)
    FROM unnest($1::text[], $2::bigint[]) AS v (id, token)
    WHERE t.id = v.id AND t.token = v.token AND t.status = 'active'
    RETURNING t.id, t.cancel_requested
    """)

  private static let endTask = Statement(
    "tasks_end",
    """
    UPDATE scheduled_tasks SET status = $3, result = coalesce($4, result), error = $5,
      due_at = CASE WHEN $6 THEN coalesce($7, apus_milliseconds() + $8) ELSE due_at END,
      fruitless = CASE WHEN $9 THEN fruitless ELSE 0 END,
      launches = CASE WHEN $10 THEN 0 ELSE launches END,
      changed_at = apus_milliseconds(), lease_until = NULL
    WHERE id = $1 AND token = $2 AND status = 'active'
    """)

  private static let releaseTask = Statement(
    "tasks_release",
    """
    UPDATE scheduled_tasks SET lease_until = clock_timestamp(), fruitless = fruitless - 1
    WHERE id = $1 AND token = $2 AND status = 'active'
    """)
}
