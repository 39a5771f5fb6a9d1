/// A day of the Gregorian calendar, without time or zone.
///
/// The arithmetic is Howard Hinnant's (https://howardhinnant.github.io/date_algorithms.html).
struct CivilDate: Hashable {
    /// Days since 1970-01-01.
    let dayNumber: Int
    let year: Int
    let month: Int
    let day: Int

    init(dayNumber: Int) {
        let shifted = dayNumber + 719_468
        let era = shifted.flooredQuotient(146_097)
        let dayOfEra = shifted - era * 146_097
        let yearOfEra =
            (dayOfEra - dayOfEra / 1460 + dayOfEra / 36_524 - dayOfEra / 146_096) / 365
        let dayOfYear = dayOfEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100)
        // Months are counted from March here, so that leap days come last.
        let shiftedMonth = (5 * dayOfYear + 2) / 153
        self.dayNumber = dayNumber
        day = dayOfYear - (153 * shiftedMonth + 2) / 5 + 1
        month = shiftedMonth < 10 ? shiftedMonth + 3 : shiftedMonth - 9
        year = yearOfEra + era * 400 + (month <= 2 ? 1 : 0)
    }

    private init(dayNumber: Int, year: Int, month: Int, day: Int) {
        self.dayNumber = dayNumber
        self.year = year
        self.month = month
        self.day = day
    }

    /// 0 for Sunday.
    var weekday: Int { (dayNumber + 4).modulo(7) }

    var next: CivilDate {
        guard day < daysInMonth else { return firstOfNextMonth }
        return CivilDate(dayNumber: dayNumber + 1, year: year, month: month, day: day + 1)
    }

    var firstOfNextMonth: CivilDate {
        CivilDate(
            dayNumber: dayNumber + daysInMonth - day + 1, year: month == 12 ? year + 1 : year,
            month: month == 12 ? 1 : month + 1, day: 1)
    }

    private var daysInMonth: Int {
        switch month {
        case 2:
            year.isMultiple(of: 4) && !year.isMultiple(of: 100) || year.isMultiple(of: 400)
                ? 29 : 28
        case 4, 6, 9, 11: 30
        default: 31
        }
    }
}

extension Int {
    /// The quotient rounded down, also for negative numbers.
    func flooredQuotient(_ divisor: Int) -> Int {
        let quotient = self / divisor
        return self % divisor < 0 ? quotient - 1 : quotient
    }

    func modulo(_ divisor: Int) -> Int { self - flooredQuotient(divisor) * divisor }
}
