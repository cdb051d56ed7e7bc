/** The clients that the functions make for themselves, over emulated AWS services. */
import { type AwsClients, makeClients } from '../../functions/aws/clients.ts';
import { type Emulators, startEmulators } from '../../infra/local/emulators.ts';

/** Running emulators, and clients of them. */
export interface EmulatedClients extends AsyncDisposable {
  readonly emulators: Emulators;
  readonly clients: AwsClients;
}

/** Starts the emulators. The clients find them where a function's do: in the environment of this process. */
export async function startEmulatedClients(): Promise<EmulatedClients> {
  const emulators = await startEmulators();
  Object.assign(process.env, emulators.environment);
  const clients = makeClients();
  return {
    emulators,
    clients,
    [Symbol.asyncDispose]: async () => {
      for (const client of Object.values(clients)) client.destroy();
      await emulators.close();
    },
  };
}
