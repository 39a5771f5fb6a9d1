import SkepQueue
import Testing

@Suite("Times and lengths")
struct TimestampTests {
    @Test(
        "Arithmetic with absurd times stops at the ends of the range",
        arguments: [Int64.min, -1, 0, 1, .max])
    func absurdTimesDoNotTrap(milliseconds: Int64) {
        let time = Timestamp(milliseconds: milliseconds)
        let lengths: [Duration] = [
            .milliseconds(Int64.min), .milliseconds(Int64.max), .seconds(Int64.max),
            .seconds(Int64.min), .zero,
        ]

        for length in lengths {
            #expect(time + length >= Timestamp(milliseconds: .min))
            #expect(time - length <= Timestamp(milliseconds: .max))
            #expect(length.milliseconds == length.milliseconds)
        }
        #expect(time - time == .zero)
    }

    @Test("A length just under the range's end is rounded, not trapped over")
    func lengthAtTheEdge() {
        let edge = Duration(
            secondsComponent: Int64.max / 1000, attosecondsComponent: 999_000_000_000_000_000)

        #expect(edge.milliseconds == .max)
    }
}

@Suite("The retry policy")
struct RetryPolicyTests {
    @Test("The wait doubles up to its cap, and jitter moves it by a quarter")
    func waitDoubles() {
        let policy = RetryPolicy()

        #expect(policy.delay(afterFailures: 1, random: 0.5) == .seconds(10))
        #expect(policy.delay(afterFailures: 3, random: 0.5) == .seconds(40))
        #expect(policy.delay(afterFailures: 1000, random: 0.5) == .seconds(3600))
        #expect(policy.delay(afterFailures: 1, random: 0) == .milliseconds(7500))
        #expect(policy.delay(afterFailures: 1, random: 1) == .milliseconds(12500))
    }

    @Test("An absurd policy gives an absurd wait, not a trap")
    func absurdPolicyDoesNotTrap() {
        let policy = RetryPolicy(
            base: .seconds(Int64.max), cap: .seconds(Int64.max), jitter: .infinity)

        #expect(policy.delay(afterFailures: .max, random: 1) > .zero)
        #expect(policy.delay(afterFailures: .min, random: .nan) > .zero)
    }
}
