"""Finding customers that are entered more than once.

The route: a customer as its sources write it (`Raw`) -> read into normal parts (`profile`) -> parts of many
customers side by side (`columns`) -> blocking keys (`keys`), which say who is compared with whom -> each field
of a pair compared into a level (`levels`) -> each level's weight, fitted to the tenant's own customers (`fitting`),
summed (`scoring`), which can be explained.

Everything up to there is pure and works on many pairs at once; a single pair is the case of one. That is why a
full pass (`full_pass`) and the scoring of one customer (`incremental`) give the very same scores.
"""
