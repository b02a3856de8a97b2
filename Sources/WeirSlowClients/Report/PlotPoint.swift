// SPDX-License-Identifier: Apache-2.0

/// A point of a plot: finite, and small enough that differences of points are finite too.
struct PlotPoint: Sendable, Equatable {
    /// Seconds from the profile's beginning.
    let time: Double
    /// What was measured then.
    let value: Double

    /// The largest time and value; what is beyond is drawn at it.
    static let limit = 1e18

    /// Makes a point; nil when there is nothing to draw.
    init?(time: Double, value: Double?) {
        guard let value, time.isFinite, !value.isNaN else { return nil }
        self.time = min(max(time, -PlotPoint.limit), PlotPoint.limit)
        self.value = min(max(value, -PlotPoint.limit), PlotPoint.limit)
    }

    /// Thins points out to two for each bucket of time, its lowest and its highest, so that no peak is lost.
    ///
    /// Points must be in order of time. The first and the last stay; few enough points stay as they are.
    static func decimated(_ points: [PlotPoint], buckets: Int = 300) -> [PlotPoint] {
        guard buckets > 0, points.count > 2 * buckets + 2, let first = points.first, let last = points.last else {
            return points
        }
        let span = last.time - first.time
        guard span > 0 else { return extremes(points[...]) }
        var result = [first]
        var begin = 1
        let end = points.count - 1
        while begin < end {
            func bucket(_ index: Int) -> Int {
                min(Int(((points[index].time - first.time) / span * Double(buckets)).rounded(.down)), buckets - 1)
            }
            let number = bucket(begin)
            var next = begin + 1
            while next < end, bucket(next) == number { next += 1 }
            result += extremes(points[begin..<next])
            begin = next
        }
        result.append(last)
        return result
    }

    /// The lowest and the highest point, in order of time.
    private static func extremes(_ points: ArraySlice<PlotPoint>) -> [PlotPoint] {
        guard let low = points.indices.min(by: { points[$0].value < points[$1].value }),
            let high = points.indices.max(by: { points[$0].value < points[$1].value })
        else { return [] }
        if low == high { return [points[low]] }
        return [points[min(low, high)], points[max(low, high)]]
    }
}
