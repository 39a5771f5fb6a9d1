// Names that often have the number of something in them: "order-\(number)".

extension ConcurrencyKey: ExpressibleByStringInterpolation {}
extension EventName: ExpressibleByStringInterpolation {}
extension SemaphoreName: ExpressibleByStringInterpolation {}
