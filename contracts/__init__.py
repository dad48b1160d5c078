"""What the data must be: contracts, the engine that holds deliveries against them, and its reports.

The ground floor: usable alone by a CDMO. Imports nothing else of ours; opens no socket, reads no clock, keeps no state.
Time, history and registries are arguments.
"""
