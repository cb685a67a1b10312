/** A policy for a backend that a frontend may ask at a port, over TCP and UDP. */
export const backendPolicy = (port: number): string => `apiVersion: cilium.io/v2
kind: CiliumNetworkPolicy
metadata: { name: backend-api }
spec:
  endpointSelector: { matchLabels: { app: backend } }
  ingress:
    - fromEndpoints: [{ matchLabels: { app: frontend } }]
      toPorts: [{ ports: [{ port: "${port}", protocol: ANY }] }]
`;
