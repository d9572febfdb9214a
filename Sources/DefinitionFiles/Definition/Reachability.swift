import Qualification

/// Warns of products that no lead can reach: allowed, and probably not meant.
struct Reachability {
    let root: Record
    let definition: Definition

    /// Adds the warnings.
    func warn(_ faults: FaultList) {
        let fit = definition.fit.reduce(Points.zero) { sum, criterion in
            sum + (criterion.branches.map(\.points).max().map { max($0, .zero) } ?? .zero)
        }
        let engagement = mostEngagement()
        let raisesHands = definition.engagement.contains(where: \.handRaise)
        guard case .list(let items)? = root.node("products")?.content else { return }
        for (product, item) in zip(definition.products, items) {
            if product.fitAtLeast > fit {
                faults.warn(
                    item.place,
                    "no lead can reach the fit of \(product.fitAtLeast) that product "
                        + "'\(product.id)' needs; the criteria give at most \(fit)")
            }
            if let engagement, product.engagementAtLeast > engagement {
                faults.warn(
                    item.place,
                    "no lead can reach the engagement of \(product.engagementAtLeast) that product "
                        + "'\(product.id)' needs; the criteria give at most \(engagement)")
            }
            if product.handRaiseFitAtLeast != nil, !raisesHands {
                faults.warn(
                    item.place,
                    "product '\(product.id)' has hand_raise_fit_at_least, and no engagement "
                        + "criterion has hand_raise: true")
            }
        }
    }

    /// The most that all criteria can give together; nil if one that gives points has no limit.
    private func mostEngagement() -> Points? {
        var sum = Points.zero
        for criterion in definition.engagement where criterion.points > .zero {
            guard let most = criterion.maxPoints else { return nil }
            sum += most
        }
        return sum
    }
}
