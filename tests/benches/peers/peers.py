"""Times other people's libraries on the contests that the benchmark hands over, and answers with seats and microseconds.

In: a JSON object with `contests` (method, seats, votes) and `double` (seats and votes by district). Out: a JSON list of
{peer, contest, us, seats}, or {peer, contest, failure}; `contest` is the position, or null for the double proportional one.
"""

import json
import sys
import time

import apportionment.methods
import votelib.evaluate.core
import votelib.evaluate.proportional as proportional


def timed(call):
    """The least of a few batches, in microseconds a call, and what the call gives."""
    begun = time.perf_counter()
    result = call()
    once = time.perf_counter() - begun
    calls = max(1, int(0.05 / max(once, 1e-7)))
    best = once
    for _ in range(3):
        begun = time.perf_counter()
        for _ in range(calls):
            call()
        best = min(best, (time.perf_counter() - begun) / calls)
    return best * 1e6, result


def votelib_seats(contest):
    names = {"hare": None, "d_hondt": "d_hondt", "sainte_lague": "sainte_lague"}
    divisor = names[contest["method"]]
    if divisor is None:
        evaluator = proportional.LargestRemainder("hare")
    else:
        evaluator = proportional.HighestAverages(divisor)
    votes = dict(enumerate(contest["votes"]))
    us, result = timed(lambda: evaluator.evaluate(votes, contest["seats"]))
    # A tie is a key of its own there, and of no list.
    return us, [result.get(index, 0) for index in range(len(votes))]


def apportionment_seats(contest):
    names = {"hare": "largest_remainder", "d_hondt": "dhondt", "sainte_lague": "saintelague"}
    name, parties = names[contest["method"]], [str(index) for index in range(len(contest["votes"]))]

    def call():
        return apportionment.methods.compute(name, contest["votes"], contest["seats"], parties=parties)

    us, result = timed(call)
    return us, [int(seats) for seats in result]


def votelib_double(double):
    seats = dict(enumerate(double["seats"]))
    votes = {district: dict(enumerate(line)) for district, line in enumerate(double["votes"])}
    evaluator = proportional.BiproportionalEvaluator("sainte_lague", apportioner=seats)
    us, result = timed(lambda: evaluator.evaluate(votes, sum(seats.values())))
    lists = range(len(double["votes"][0]))
    return us, [[result[district].get(index, 0) for index in lists] for district in seats]


def main():
    asked = json.load(sys.stdin)
    answers = []
    for position, contest in enumerate(asked["contests"]):
        for peer, seats_of in [("votelib", votelib_seats), ("apportionment", apportionment_seats)]:
            us, seats = seats_of(contest)
            answers.append({"peer": peer, "contest": position, "us": us, "seats": seats})
    # It does not find divisors for every table, which is an answer as well.
    try:
        us, seats = votelib_double(asked["double"])
        answers.append({"peer": "votelib", "contest": None, "us": us, "seats": seats})
    except votelib.evaluate.core.VotingSystemError as error:
        answers.append({"peer": "votelib", "contest": None, "failure": str(error)})
    json.dump(answers, sys.stdout)


if __name__ == "__main__":
    main()
