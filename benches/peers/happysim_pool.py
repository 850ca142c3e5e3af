"""M/M/c in happy-simulator as its documentation writes it: Source.poisson, a Server with c places, a Sink."""

import random
import sys

import model
from happysimulator import Instant, Server, Simulation, Sink, Source
from happysimulator.distributions import ExponentialLatency

random.seed(int(sys.argv[1]))
sink = Sink()
server = Server(
    "pool", concurrency=model.SERVERS, service_time=ExponentialLatency(model.SERVICE_S), downstream=sink
)
source = Source.poisson(rate=model.ARRIVAL_RATE, target=server)
simulation = Simulation(
    sources=[source], entities=[server, sink], end_time=Instant.from_seconds(model.POOL_END_S)
)
seconds = model.timed(simulation.run)
model.report(seconds, sink.events_received, latency_ms=1e3 * sink.average_latency())
