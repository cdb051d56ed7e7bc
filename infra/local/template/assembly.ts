/**
 * A synthesized app, the output of `npx cdk synth` (`cdk.out`): its stacks, their templates, and the folders with the code of their
 * functions.
 */
import { readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { withoutDefaultSecurityGroup } from './default-security-group.ts';
import { TemplateError } from './intrinsics.ts';

/** A resource of a template. */
export interface TemplateResource {
  readonly Type: string;
  readonly Properties?: Readonly<Record<string, unknown>>;
  readonly Metadata?: Readonly<Record<string, unknown>>;
}

/** A CloudFormation template. */
export interface Template {
  readonly Resources: Readonly<Record<string, TemplateResource>>;
  readonly Outputs?: Readonly<Record<string, { readonly Value: unknown }>>;
}

/** A stack of a synthesized app. */
export interface SynthesizedStack {
  readonly name: string;
  readonly template: Template;
  /**
   * Returns the folder that the CDK would zip and upload under this key.
   *
   * @throws TemplateError if it does not exist
   */
  assetFolder(objectKey: string): string;
  /** The single files that the CDK would upload. */
  readonly fileAssets: readonly FileAsset[];
}

/** A file that the CDK uploads as it is. */
export interface FileAsset {
  readonly path: string;
  /** May contain the placeholders `${AWS::AccountId}` and `${AWS::Region}`. */
  readonly bucketName: string;
  readonly objectKey: string;
}

interface Artifact {
  readonly type: string;
  readonly properties?: { readonly templateFile?: string; readonly file?: string; readonly stackName?: string };
  readonly dependencies?: readonly string[];
}

interface Asset {
  readonly source: { readonly path?: string; readonly packaging?: string };
  readonly destinations: Readonly<Record<string, { readonly objectKey: string; readonly bucketName: string }>>;
}

interface AssetManifest {
  readonly files?: Readonly<Record<string, Asset>>;
}

/**
 * Returns one stack of a synthesized app.
 *
 * @param folder the folder of the app, such as `cdk.out`
 * @param name the stack; may be absent if there is only one
 * @throws TemplateError if the folder contains no app, or not this stack
 */
export function readAssembly(folder: string, name?: string): SynthesizedStack {
  const { artifacts = {} } = readJson<{ artifacts?: Readonly<Record<string, Artifact>> }>(folder, 'manifest.json');
  const stacks = Object.entries(artifacts).filter(([, { type }]) => type === 'aws:cloudformation:stack');
  const nameOf = ([id, { properties }]: [string, Artifact]) => properties?.stackName ?? id;
  const found = stacks.filter((stack) => name === undefined || nameOf(stack) === name || stack[0] === name);
  const [chosen] = found;
  if (chosen === undefined || found.length > 1) {
    const names = stacks.map(nameOf).join(', ') || 'none';
    throw new TemplateError(
      name === undefined
        ? `${folder} contains ${stacks.length} stacks (${names}): select one with --stack NAME`
        : `${folder} contains no stack ${name}; it contains ${names}`,
    );
  }
  const [id, { properties, dependencies = [] }] = chosen;
  const manifests = dependencies.flatMap((dependency) => {
    const artifact = artifacts[dependency];
    const file = artifact?.type === 'cdk:asset-manifest' ? artifact.properties?.file : undefined;
    return file === undefined ? [] : [readJson<AssetManifest>(folder, file)];
  });
  const template = readJson<Template>(folder, properties?.templateFile ?? `${id}.template.json`);
  return {
    name: nameOf(chosen),
    template: { ...template, Resources: withoutDefaultSecurityGroup(template.Resources) },
    assetFolder: (objectKey) => assetFolder(folder, manifests, objectKey),
    fileAssets: manifests.flatMap(({ files = {} }) => Object.values(files)).flatMap(filesIn(folder)),
  };
}

/** The template itself is an asset too, which only CloudFormation reads. */
function filesIn(folder: string): (asset: Asset) => FileAsset[] {
  return ({ source: { path = '', packaging }, destinations }) => {
    if (packaging !== 'file' || path.endsWith('.template.json')) return [];
    return Object.values(destinations).map((destination) => ({ path: join(folder, path), ...destination }));
  };
}

function assetFolder(folder: string, manifests: readonly AssetManifest[], objectKey: string): string {
  const assets = manifests.flatMap(({ files = {} }) => Object.values(files));
  const asset = assets.find(({ destinations }) =>
    Object.values(destinations).some((destination) => destination.objectKey === objectKey),
  );
  const place = asset?.source.path === undefined ? undefined : join(folder, asset.source.path);
  if (place === undefined || !statSync(place, { throwIfNoEntry: false })?.isDirectory()) {
    throw new TemplateError(`${folder} contains no folder of the asset ${objectKey}`);
  }
  return place;
}

function readJson<T>(folder: string, file: string): T {
  try {
    return JSON.parse(readFileSync(join(folder, file), 'utf8')) as T;
  } catch (error) {
    throw new TemplateError(`${folder} is not a synthesized app: ${(error as Error).message}`);
  }
}
