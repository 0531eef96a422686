"""The way out: customers that a shop has become accounts of a Salesforce org.

The route: a shop's customers pulled with the rule on, so that each owes a delivery (`ours`, not measured) -> sent in
collections of 200, or in bulk jobs -> calls and rows counted by the org itself. Beside it a loop that posts ready
collections (`floor`) and `simple-salesforce` (`peer`).
"""
