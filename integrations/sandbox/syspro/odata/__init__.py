"""SYSPRO's OData service: the company's tables, to be read."""
