"""What can go wrong, one file a fault, named by its slug.

Each fault says where it is produced (`base.Fault.where`): in the practice registry, in the
practice Nexus, or on the connection to one of them. To switch one on:

- registry: ``world.registry.faults.add(FAULT)``
- Nexus: ``FaultMiddleware.rule(PATTERN, FAULT)``, given to `PracticeWorld` (`middleware`)
- connection: ``FaultProxy.rule(PATTERN, FAULT)``, a proxy before any server (`proxy`)
"""
