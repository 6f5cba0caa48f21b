import MatrixIdentifiers
import Postgres

/// What the database tells before a batch is decided, without what nobody asks for: to plan a
/// statement costs it more than to answer that there is nothing.
struct BatchFacts {
  private(set) var orderings: [Int64] = []
  private(set) var transactions: [RoomTransaction: EventID] = [:]
  private(set) var events: [WriterStore.EventRow] = []
  /// By the rooms' numbers.
  private(set) var trees: [Int64: SnapshotTree] = [:]

  private(set) var relations = RelationRules()

  private enum Kind: CaseIterable {
    case orderings
    case transactions
    case events
    case layers
    case annotations
    case threadRoots

    func query(_ needs: BatchNeeds) -> Query? {
      switch self {
      case .orderings:
        WriterStore.orderingsQuery(needs.eventCount + needs.layerCount)
      case .transactions:
        needs.transactions.isEmpty ? nil : WriterStore.transactionsQuery(needs.transactions)
      case .events:
        needs.events.isEmpty && needs.numbers.isEmpty
          ? nil : WriterStore.eventsQuery(needs.events, numbers: needs.numbers)
      case .layers:
        needs.snapshots.isEmpty ? nil : LayerStore.layersQuery(needs.snapshots)
      case .annotations: needs.relations.annotationsQuery
      case .threadRoots: needs.relations.rootsQuery
      }
    }
  }

  static func queries(_ needs: BatchNeeds) -> [Query] {
    Kind.allCases.compactMap { $0.query(needs) }
  }

  /// - Parameter results: of `queries`.
  init(_ needs: BatchNeeds, _ results: some Sequence<Rows>) throws {
    let asked = Kind.allCases.filter { $0.query(needs) != nil }
    for (kind, rows) in zip(asked, results) {
      switch kind {
      case .orderings: orderings = (0..<rows.count).compactMap { rows.int($0, 0) }
      case .transactions: transactions = WriterStore.transactions(rows)
      case .events: events = WriterStore.events(rows)
      case .layers: trees = try LayerStore.trees(rows)
      case .annotations: relations.addAnnotations(rows)
      case .threadRoots: relations.addRelated(rows)
      }
    }
  }
}
