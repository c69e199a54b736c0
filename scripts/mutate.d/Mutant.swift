// The module that the changed ones import: one change is made where PAIR_MUTANT is its number.

import Glibc

public enum Mutant {
    public static let active = getenv("PAIR_MUTANT").flatMap { Int(String(cString: $0)) } ?? -1

    public static func isActive(_ number: Int) -> Bool { active == number }

    public static func bool(_ number: Int, _ value: Bool) -> Bool {
        active == number ? true : active == number + 1 ? false : value
    }

    public static func none<T>(_ number: Int, _ value: T?) -> T? { active == number ? nil : value }

    public static func number<T: FixedWidthInteger>(_ number: Int, _ value: T) -> T {
        active == number ? value &+ 1 : active == number + 1 ? value &- 1 : value
    }

    @_disfavoredOverload public static func number<T: Numeric>(_ number: Int, _ value: T) -> T {
        active == number ? value + 1 : active == number + 1 ? value - 1 : value
    }
}

// `a < b` is written `a .?. 17 .<. b`, so that nobody has to know where its sides end.
precedencegroup MutantComparison {
    higherThan: LogicalConjunctionPrecedence
    lowerThan: NilCoalescingPrecedence
    associativity: left
}
precedencegroup MutantNegation { higherThan: BitwiseShiftPrecedence }
infix operator .?. : MutantComparison
infix operator .==. : MutantComparison
infix operator .!=. : MutantComparison
infix operator .<. : MutantComparison
infix operator .<=. : MutantComparison
infix operator .>. : MutantComparison
infix operator .>=. : MutantComparison
infix operator .&?. : LogicalConjunctionPrecedence
infix operator .&&. : LogicalConjunctionPrecedence
infix operator .|?. : LogicalDisjunctionPrecedence
infix operator .||. : LogicalDisjunctionPrecedence
infix operator .!. : MutantNegation
infix operator .!!. : MutantNegation

public struct MutantSide<T> {
    let value: T
    let number: Int
    var isActive: Bool { Mutant.active == number }
}
public func .?. <T>(value: T, number: Int) -> MutantSide<T> { MutantSide(value: value, number: number) }
public func .&?. (value: Bool, number: Int) -> MutantSide<Bool> { MutantSide(value: value, number: number) }
public func .|?. (value: Bool, number: Int) -> MutantSide<Bool> { MutantSide(value: value, number: number) }

public func .==. <T: Equatable>(a: MutantSide<T>, b: T) -> Bool { (a.value == b) != a.isActive }
public func .!=. <T: Equatable>(a: MutantSide<T>, b: T) -> Bool { (a.value != b) != a.isActive }
public func .==. <T: Equatable>(a: MutantSide<T>, b: T?) -> Bool { (a.value == b) != a.isActive }
public func .!=. <T: Equatable>(a: MutantSide<T>, b: T?) -> Bool { (a.value != b) != a.isActive }
public func .==. <T>(a: MutantSide<T?>, b: _OptionalNilComparisonType) -> Bool { (a.value == nil) != a.isActive }
public func .!=. <T>(a: MutantSide<T?>, b: _OptionalNilComparisonType) -> Bool { (a.value != nil) != a.isActive }
public func .<. <T: Comparable>(a: MutantSide<T>, b: T) -> Bool { a.isActive ? a.value <= b : a.value < b }
public func .<=. <T: Comparable>(a: MutantSide<T>, b: T) -> Bool { a.isActive ? a.value < b : a.value <= b }
public func .>. <T: Comparable>(a: MutantSide<T>, b: T) -> Bool { a.isActive ? a.value >= b : a.value > b }
public func .>=. <T: Comparable>(a: MutantSide<T>, b: T) -> Bool { a.isActive ? a.value > b : a.value >= b }
@_disfavoredOverload public func .<=. <T: BinaryInteger, U: BinaryInteger>(a: MutantSide<T>, b: U) -> Bool {
    a.isActive ? a.value < b : a.value <= b
}
public func .&&. (a: MutantSide<Bool>, b: @autoclosure () throws -> Bool) rethrows -> Bool {
    a.isActive ? try a.value || b() : try a.value && b()
}
public func .||. (a: MutantSide<Bool>, b: @autoclosure () throws -> Bool) rethrows -> Bool {
    a.isActive ? try a.value && b() : try a.value || b()
}
public func .!. (number: Int, value: Bool) -> Bool { Mutant.active == number ? value : !value }
public func .!!. (number: Int, value: Bool) -> Bool { Mutant.active == number ? !value : value }

public func mutantMin<T: Comparable>(_ number: Int, _ a: T, _ b: T) -> T { (a < b) != (Mutant.active == number) ? a : b }
public func mutantMax<T: Comparable>(_ number: Int, _ a: T, _ b: T) -> T { (a > b) != (Mutant.active == number) ? a : b }
extension Sequence where Element: Comparable {
    public func mutantMin(_ number: Int) -> Element? { Mutant.active == number ? self.max() : self.min() }
    public func mutantMax(_ number: Int) -> Element? { Mutant.active == number ? self.min() : self.max() }
}
